"""What hospitals send and nobody should trust: each by its rule, counted, and shown."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from vitals_examples import events, observation, save_lines

from workbench.cases.vitals.notices import FROZEN
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.streams.importer import ImportReport

DISCHARGED = "2024-03-01T12:00:00+01:00"


def panel(number: int, patient: str, **more: Any) -> dict[str, Any]:
    """Make an Observation of three signs."""
    values = (("8867-4", 71 + number, "/min"), ("9279-1", 14, "/min"), ("59408-5", 97, "%"))
    parts = [observation(0, *value) for value in values]
    return observation(number, "85354-9", 0, "1") | {
        "id": f"{patient}-{number}",
        "subject": {"reference": f"Patient/{patient}"},
        "device": None,
        "valueQuantity": None,
        "component": [{k: part[k] for k in ("code", "valueQuantity")} for part in parts],
    } | more  # fmt: skip


def pulse(number: int, minute: int, value: float = 70, **more: Any) -> dict[str, Any]:
    day, minute = divmod(minute, 24 * 60)
    time = f"2024-04-{1 + day:02d}T{minute // 60:02d}:{minute % 60:02d}:00Z"
    return observation(number, "8867-4", value, "/min", effectiveDateTime=time) | more


@pytest.fixture
def report(tmp_path: Path, load: Callable[..., ImportReport]) -> ImportReport:
    """Import a file with one of each."""
    stay = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "IMP"},
        "period": {"start": "2024-03-01T08:00:00+01:00", "end": DISCHARGED},
    }
    gone = {"encounter": {"reference": "Encounter/e1"}}
    lines = [
        stay,
        pulse(1, 1, 999),
        pulse(2, 2) | {"valueQuantity": {"value": 70, "unit": "beats a fortnight"}},
        observation(3, "8867-4", 72, "/min", effectiveDateTime="2024-03-01T13:00:00+01:00") | gone,
        *(panel(n, patient) for patient in ("one", "the-same") for n in range(4, 8)),
        *(pulse(10 + n, 10 + n) for n in range(FROZEN)),
        pulse(5_000, 5 * 24 * 60, 75),
    ]
    return load(save_lines(tmp_path / "all.ndjson", lines), "fhir")


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("cleared", "heart_rate: above 40,000"),
        ("quarantined", "heart_rate: the unit (withheld) is unknown"),
        ("quarantined", "event_time: after discharge"),
        ("noticed", "patient(s) not observed for a day or more"),
        ("noticed", "device(s) that sent 1,000 or more equal values of a sign in a row"),
        ("noticed", "pair(s) of patients with the same observations: one patient under two ids?"),
    ],
)
def test_each_is_counted_and_shown_where_a_report_shows_its_stream(
    report: ImportReport, kind: str, what: str
) -> None:
    counted: dict[str, int] = getattr(report, kind)
    assert counted[what] == 1, counted
    shown = unescape(Stream.open(report.path)._repr_html_())
    assert f"fewer than 5 × {what}" in shown


def test_what_is_impossible_is_missing_and_what_is_only_odd_stays(report: ImportReport) -> None:
    rows = events(report.path)
    assert rows.height == 1 + 8 + FROZEN + 1
    assert rows["heart_rate"].null_count() == 1
