"""Studies, reports and their schedule, from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workbench.case import case_names
from workbench.errors import CheckFailed
from workbench.replay.run import Run
from workbench.replay.setup import Setup
from workbench.reports.notebooks import load
from workbench.reports.parameters import check, read
from workbench.reports.publish import Published, notebook_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCHEDULE = """\
[[report]]
name = "fraud"
cron = "0 7 * * MON"
parameters = { budget = 50 }
"""


@pytest.fixture
def study(
    workbench: Callable[..., Any],
    stream: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Any]:
    """Tune the quickest detector in two trials."""
    monkeypatch.chdir(tmp_path)
    tune = ("tune", "fraud", "--stream", stream, "--detector", "logistic", "--trials", 2)
    return lambda *more: workbench(*tune, *more)


def test_a_study_is_told_and_shown(study: Callable[..., Any], tmp_path: Path) -> None:
    told = study("--out", tmp_path / "study", "--json")
    shown = study("--out", tmp_path / "study", "--resume")

    assert (told.code, shown.code) == (0, 0)
    assert told.json["counts"]["trials"] == 2
    assert (tmp_path / "study" / "study.json").is_file()
    assert told.json["verdict"] in " ".join(shown.out.split())
    assert str(tmp_path / "study" / "runs" / "best") in shown.out


def test_without_out_a_study_lies_below_the_project(
    study: Callable[..., Any], tmp_path: Path
) -> None:
    assert study().code == 0

    (folder,) = (tmp_path / "studies").iterdir()
    assert folder.name.startswith("small-")


@pytest.mark.parametrize("option", ["--trials", "--jobs"])
def test_a_study_of_nothing_is_refused(study: Callable[..., Any], option: str) -> None:
    done = study(option, 0)

    assert (done.code, done.out) == (2, "")
    assert f"{option} 0" in done.err


def test_a_report_is_published_with_its_parameters(
    workbench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def publish(*arguments: Any) -> Published:
        asked.append(arguments)
        page = tmp_path / "report.html"
        return Published("fraud", tmp_path, tmp_path / "report.ipynb", page, "All is well.")

    monkeypatch.setattr("workbench.reports.publish.publish", publish)

    told = workbench("report", "fraud", "-p", "budget=50", "--out", tmp_path, "--json")
    shown = workbench("report", "fraud")

    assert asked == [("fraud", {"budget": "50"}, tmp_path), ("fraud", {}, None)]
    assert told.json["html"] == str(tmp_path / "report.html")
    assert "All is well." in shown.out
    assert str(tmp_path / "report.html") in shown.out


def test_a_report_on_a_run_replays_the_same_again(
    workbench: Callable[..., Any],
    run: Path,
    stream: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []

    def publish(_: str, parameters: dict[str, Any], __: Any) -> Published:
        asked.append(parameters)
        return Published("fraud", run, run, run, "")

    monkeypatch.setattr("workbench.reports.publish.publish", publish)

    assert workbench("report", "fraud", "--run", run, "-p", "budget=50").code == 0

    (given,) = asked
    setup = Run.open(run).setup
    again = Setup.of("fraud", given["detector"], given["parameters"])
    assert again == setup
    assert (given["stream"], given["budget"]) == (str(stream), "50")
    assert set(given["parameters"]) == {"warm_up", "negatives"}  # nothing that is a default


@pytest.mark.parametrize("case", case_names())
def test_the_report_of_a_case_takes_what_its_runs_were_replayed_with(
    workbench: Callable[..., Any], case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[dict[str, Any]] = []

    def publish(name: str, given: dict[str, Any], _: Any) -> Published:
        taken.append(check(given, read(load(notebook_of(name))), name))
        return Published(name, tmp_path, tmp_path, tmp_path, "")

    monkeypatch.setattr("workbench.reports.publish.publish", publish)
    stream, run = tmp_path / "stream", tmp_path / "run"
    workbench("simulate", case, "--out", stream, "--days", "6", "--scale", "0.05")
    assert workbench("replay", case, "--stream", stream, "--out", run).code == 0

    assert workbench("report", case, "--run", run).code == 0

    assert taken[0]["stream"] == str(stream)


def test_a_failed_report_is_a_failed_check(
    workbench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(*_: Any) -> Published:
        raise CheckFailed("The report fraud failed: cell In [3] failed: KeyError")

    monkeypatch.setattr("workbench.reports.publish.publish", publish)

    done = workbench("report", "fraud")

    assert (done.code, done.out) == (1, "")
    assert "In [3]" in done.err


@pytest.fixture
def schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a schedule."""
    for folder in ("notebooks", "reports"):
        (tmp_path / folder).mkdir()
    file = tmp_path / "reports" / "schedule.toml"
    file.write_text(SCHEDULE)
    monkeypatch.chdir(tmp_path)
    return file


def test_the_schedule_is_listed(workbench: Callable[..., Any], schedule: Path) -> None:
    told = workbench("schedule", "list", "--json")
    shown = workbench("schedule", "list")

    assert told.json["schedule"] == str(schedule)
    (report,) = told.json["reports"]
    assert report["command"] == "workbench report fraud -p budget=50"
    assert "0 7 * * MON" in shown.out


def test_the_schedule_is_written_for_cron(workbench: Callable[..., Any], schedule: Path) -> None:
    assert "0 7 * * MON cd " in workbench("schedule", "crontab").out


def test_a_schedule_that_is_new_publishes_nothing_yet(
    workbench: Callable[..., Any], schedule: Path
) -> None:
    done = workbench("schedule", "run", "--once")

    assert (done.code, done.out) == (0, "")


def test_a_schedule_with_a_failed_report_is_a_failed_check(
    workbench: Callable[..., Any], schedule: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.reports.scheduler.run", lambda *_, **__: 1)

    assert workbench("schedule", "run", "--once").code == 1


def test_without_a_schedule_it_says_how_to_write_one(
    workbench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = workbench("schedule", "list")

    assert (done.code, done.out) == (2, "")
    assert "schedule.toml" in done.err
