from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from vitals_examples import KEY

from workbench.case import Case
from workbench.cases.vitals.schema import SCHEMA
from workbench.streams import importer, recorded
from workbench.streams.importer import import_file
from workbench.streams.secret import KEY as VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.streams.importer import ImportReport


_PARTS = Case(
    name="vitals",
    title="",
    schema=SCHEMA,
    label="",
    label_delay="1d",
    features="",
    detectors="",
    default_detector="",
    simulate="workbench.cases.vitals.simulator:simulate",
    presets={
        "physionet2019": "workbench.cases.vitals.physionet:PHYSIONET",
        "fhir": "workbench.cases.vitals.fhir:FHIR",
    },
    evaluate="",
    compare="",
    objective="",
    plots="",
    report="",
    notices="workbench.cases.vitals.notices:notice",
)


@pytest.fixture(autouse=True)
def _case(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of the case that streams need."""
    for module in (importer, recorded):
        monkeypatch.setattr(module, "get_case", {"vitals": _PARTS}.__getitem__)
    monkeypatch.setattr(recorded, "case_names", lambda: ("vitals",))


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ImportReport]:
    """Import a file of vital signs with a key in the environment."""
    monkeypatch.setenv(VARIABLE, KEY)

    def _load(source: Path, preset: str, out: str = "out", **options: Any) -> ImportReport:
        return import_file("vitals", source, tmp_path / out, preset=preset, **options)

    return _load
