"""FHIR Observations become events: codes are signs, units are ours, nothing else is read."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from vitals_examples import events, observation, save_lines

from workbench.errors import ParameterError
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.streams.importer import ImportReport


@pytest.fixture
def take(tmp_path: Path, load: Callable[..., ImportReport]) -> Callable[..., ImportReport]:
    """Import resources, one a line."""

    def _take(*records: Any) -> ImportReport:
        return load(save_lines(tmp_path / "Observation.ndjson", list(records)), "fhir")

    return _take


def reasons(report: ImportReport) -> list[str]:
    return list(report.quarantined)


@pytest.mark.parametrize(
    ("loinc", "value", "unit", "column", "stored"),
    [
        ("8867-4", 72, "/min", "heart_rate", 7200),
        ("8867-4", 72, "{beats}/min", "heart_rate", 7200),
        ("9279-1", 16, "{breaths}/min", "respiration", 1600),
        ("2708-6", 97, "%", "spo2", 9700),
        ("59408-5", 0.97, "1", "spo2", 9700),
        ("8310-5", 36.6, "Cel", "temperature", 3660),
        ("8310-5", 98.6, "[degF]", "temperature", 3700),
        ("8310-5", 310.15, "K", "temperature", 3700),
        ("8480-6", 120, "mm[Hg]", "systolic", 12_000),
        ("8480-6", 16, "kPa", "systolic", 12_001),
        ("8478-0", 93.3, "mm[Hg]", "mean_pressure", 9330),
        ("2160-0", 88.4, "umol/L", "creatinine", 1000),
        ("2345-7", 5.5, "mmol/L", "glucose", 99_086),
        ("3150-6", 40, "%", "fio2", 400),
        ("2524-7", 18, "mg/dL", "lactate", 1998),
        ("718-7", 135, "g/L", "hemoglobin", 13_500),
    ],
)
def test_codes_and_units_are_converted(
    take: Callable[..., ImportReport],
    loinc: str,
    value: float,
    unit: str,
    column: str,
    stored: int,
) -> None:
    row = events(take(observation(1, loinc, value, unit)).path).row(0, named=True)
    assert row[column] == stored
    assert [name for name, v in row.items() if v is not None] == sorted(
        ["event_id", "event_time", "patient", "device", column], key=[*row].index
    )


def test_an_event_has_the_observations_id_and_its_time_in_utc(
    take: Callable[..., ImportReport],
) -> None:
    row = events(take(observation(7, "8867-4", 72, "/min")).path).row(0, named=True)
    assert row["event_id"] == "o7"
    assert row["event_time"].isoformat() == "2024-03-01T09:07:00+00:00"


def test_a_panel_of_blood_pressure_is_one_event(take: Callable[..., ImportReport]) -> None:
    def part(loinc: str, value: float) -> dict[str, Any]:
        made = observation(0, loinc, value, "mm[Hg]")
        return {"code": made["code"], "valueQuantity": made["valueQuantity"]}

    panel = observation(
        1, "85354-9", 0, "mm[Hg]", component=[part("8480-6", 121), part("8462-4", 79)]
    )
    del panel["valueQuantity"]
    row = events(take(panel).path).row(0, named=True)
    assert (row["systolic"], row["diastolic"]) == (12_100, 7_900)


def test_saturation_may_carry_both_codes(take: Callable[..., ImportReport]) -> None:
    both = {"coding": [{"code": "2708-6"}, {"code": "59408-5"}]}
    assert events(take(observation(1, "", 97, "%", code=both)).path)["spo2"].to_list() == [9700]


def test_a_printed_unit_is_understood_where_the_code_is_missing(
    take: Callable[..., ImportReport],
) -> None:
    value = {"value": 98.6, "unit": "°F"}
    found = events(take(observation(1, "8310-5", 0, "", valueQuantity=value)).path)
    assert found["temperature"].to_list() == [3700]


def quantity(**fields: Any) -> dict[str, Any]:
    return {"valueQuantity": {k: v for k, v in fields.items() if v is not None}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (quantity(value=3, code="[stone_av]"), "heart_rate: the unit [stone_av] is unknown"),
        (quantity(value=3, code="/min", system="urn:my"), "heart_rate: the unit /min is unknown"),
        (quantity(value=3), "heart_rate: without a unit"),
        (quantity(code="/min"), "heart_rate: no value"),
        (quantity(value=3, code="/min", comparator="<"), "heart_rate: only a limit (<)"),
        ({"valueQuantity": None, "valueString": "fast"}, "value: no quantity"),
        ({"code": {"coding": [{"code": "72514-3"}]}}, "code: none that is known"),
        ({"status": "entered-in-error"}, "status: entered-in-error"),
        ({"status": None}, "no valid Observation: status (model_field_validation.missing)"),
        ({"effectiveDateTime": "2024-03"}, "effective: no time of day"),
        ({"effectiveDateTime": None}, "effective: no time of day"),
        ({"subject": {"reference": "Group/7"}}, "patient: missing"),
        ({"resourceType": "Patient"}, "resourceType: Patient is not imported"),
    ],
)
def test_what_is_no_measurement_goes_to_quarantine_with_the_reason(
    take: Callable[..., ImportReport], change: dict[str, Any], reason: str
) -> None:
    changed = observation(1, "8867-4", 72, "/min") | change
    bad = {name: value for name, value in changed.items() if value is not None}
    report = take(observation(0, "8867-4", 72, "/min"), bad)
    assert (report.rows, report.events) == (2, 1)
    assert reasons(report) == [reason]


def test_a_unit_that_is_a_sentence_is_not_repeated(take: Callable[..., ImportReport]) -> None:
    value = {"value": 3, "code": "John Smith, ward 3"}
    report = take(
        observation(0, "8867-4", 72, "/min"), observation(1, "8867-4", 0, "", valueQuantity=value)
    )
    assert reasons(report) == ["heart_rate: the unit (withheld) is unknown"]


def test_an_encounter_gives_the_ward_and_the_hour_and_ends_the_stay(
    take: Callable[..., ImportReport],
) -> None:
    stay = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "IMP"},
        "period": {"start": "2024-03-01T07:30:00+01:00", "end": "2024-03-01T10:05:00+01:00"},
        "location": [{"location": {"reference": "Location/icu-2"}}],
    }
    of = {"encounter": {"reference": "Encounter/e1"}}
    report = take(
        observation(4, "8867-4", 72, "/min", **of), observation(6, "8867-4", 72, "/min", **of), stay
    )
    assert reasons(report) == ["event_time: after discharge"]
    row = events(report.path).row(0, named=True)
    assert (row["ward"], row["stay_hour"]) == ("icu-2", 3)


def test_an_observation_without_an_id_has_the_number_of_its_line(
    take: Callable[..., ImportReport],
) -> None:
    bare = {k: v for k, v in observation(1, "8867-4", 72, "/min").items() if k != "id"}
    report = take(observation(0, "8867-4", 72, "/min"), bare)
    assert events(report.path)["event_id"].to_list() == ["o0", "1"]


def test_an_observation_that_was_sent_twice_counts_once(
    take: Callable[..., ImportReport],
) -> None:
    one = observation(1, "8867-4", 72, "/min")
    report = take(one, one)
    assert (report.events, report.quarantined) == (1, {"duplicate event_id": 1})


def test_a_time_after_the_issue_is_put_right_and_counted(
    take: Callable[..., ImportReport],
) -> None:
    issued = {"issued": "2024-03-01T10:05:00+01:00"}
    report = take(
        observation(4, "8867-4", 72, "/min", **issued),
        observation(9, "8867-4", 72, "/min", **issued),
    )
    assert [time.minute for time in events(report.path)["event_time"]] == [4, 5]
    (what,) = report.noticed
    assert "a clock that is ahead" in what
    assert report.noticed[what] == 1


def test_texts_notes_and_names_are_never_written(
    tmp_path: Path, take: Callable[..., ImportReport]
) -> None:
    more: dict[str, Any] = {
        "note": [{"text": "Mrs Miller feels unwell"}],
        "text": {"status": "generated", "div": "<div>Mrs Miller</div>"},
        "subject": {"reference": "Patient/mrn-004711", "display": "Miller"},
        "performer": [{"display": "Dr Miller"}],
    }
    take(
        observation(1, "8867-4", 72, "/min", **more),
        observation(2, "8867-4", 72, "[stone_av]", **more),
        {"resourceType": "Patient", "id": "mrn-004711", "name": [{"family": "Miller"}]},
    )
    frames = [pl.read_parquet(path) for path in (tmp_path / "out").glob("*.parquet")]
    assert len(frames) == 2
    written = json.dumps([frame.to_dicts() for frame in frames], default=str)
    written += (tmp_path / "out" / "stream.json").read_text()
    assert "Miller" not in written
    assert "mrn-004711" not in written


def test_labels_may_be_absent(take: Callable[..., ImportReport]) -> None:
    report = take(observation(1, "8867-4", 72, "/min"))
    assert Stream.open(report.path).n_labels == report.labels == 0


def test_without_the_library_the_message_says_what_to_install(
    take: Callable[..., ImportReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fhir.resources.R4B.encounter", None)
    with pytest.raises(ParameterError, match=r"install event-workbench\[fhir\]"):
        take(observation(1, "8867-4", 72, "/min"))
