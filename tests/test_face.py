"""``import workbench as wb``: quick, small, and what it promises."""

from __future__ import annotations

import inspect
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

import workbench as wb
from workbench import face
from workbench.errors import ParameterError
from workbench.moments import moment


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, workbench; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - this interpreter, on a constant
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"numpy", "polars", "numba", "river", "matplotlib", "optuna", "pyarrow"}


def test_it_offers_the_few_names_of_a_notebook() -> None:
    classes = ["Published", "Run", "Stream", "Study"]
    names = [*classes, "live", "load_run", "open", "replay", "report", "tune"]
    assert dir(wb) == names
    for name in names:
        assert getattr(wb, name).__doc__
    with pytest.raises(AttributeError, match="'gone'"):
        _ = wb.gone


def test_replay_is_a_package_that_can_be_called() -> None:
    import workbench.replay.run as run_module

    assert wb.Run is run_module.Run
    assert inspect.signature(wb.replay) == inspect.signature(face.replay)
    with pytest.raises(ParameterError, match="nonsense"):
        wb.replay("data/fraud", "nonsense")


def test_paths_are_found_from_the_project_wherever_a_notebook_stands(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(request.config.rootpath / "notebooks" / "fraud")
    assert wb.open("data/fraud").case == "fraud"


@pytest.mark.parametrize(
    "value",
    ["2025-04-01", date(2025, 4, 1), datetime(2025, 4, 1), "2025-04-01T02:00:00+02:00"],
)
def test_dates_and_times_are_utc_unless_they_say_otherwise(value: object) -> None:
    assert moment(value) == datetime(2025, 4, 1, tzinfo=UTC)


def test_nothing_is_no_moment_and_nonsense_is_refused() -> None:
    assert moment("") is None
    assert moment(None) is None
    with pytest.raises(ParameterError, match="until 'soon'"):
        moment("soon", "until")
