from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tuning_examples import DETECTORS, small_study

from workbench.errors import ParameterError, WorkbenchError
from workbench.tuning import crew
from workbench.tuning.crew import run_workers
from workbench.tuning.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.streams.recorded import Stream
    from workbench.tuning.study import Study


def test_two_processes_fill_each_place_once(stream: Stream, finished: Study, out: Path) -> None:
    study = small_study(stream, out, jobs=2, trials=6)
    assert study.trials["number"].to_list() == list(range(6))
    assert study.trials["detector"].to_list()[:2] == list(DETECTORS)
    # Defaults are the same however many processes there are.
    assert study.trials["objective"].to_list()[0] == finished.trials["objective"].to_list()[0]
    assert not list(out.glob("worker-*.log"))


def test_studies_of_the_same_settings_share_their_trials_in_a_storage(
    stream: Stream, finished: Study, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/trials.db"
    first = small_study(stream, tmp_path / "first", trials=3, storage=url)
    second = small_study(stream, tmp_path / "second", trials=5, storage=url)
    assert second.trials[:3].equals(first.trials)
    # Where they are kept changes no choice.
    assert second.winner == finished.winner
    assert second.trials.drop("seconds").equals(finished.trials.drop("seconds"))
    other = small_study(stream, tmp_path / "other", trials=1, storage=url, seed=1)
    assert other.trials.height == 1


@pytest.mark.parametrize("url", ["nowhere", "sqlite:////no/such/folder/x.db", "nosuch://host/x"])
def test_a_storage_that_cannot_be_reached_is_named(stream: Stream, out: Path, url: str) -> None:
    with pytest.raises(ParameterError, match=r"--storage '(nowhere|sqlite|nosuch)"):
        small_study(stream, out, storage=url)
    assert not list(out.parent.iterdir())


def test_no_worker_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    # Whoever holds the other end of its stdin has gone: it ends before it looks for its work.
    command = [*crew.COMMAND, str(tmp_path / "nothing"), "m", "1"]
    ended = subprocess.run(  # noqa: S603 - our own module, no shell
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9.*--resume"),
        ("import sys; sys.stderr.write('the value'); sys.exit(2)", "^the value$"),
        ("1 / 0", "(?s)exit code 1.*ZeroDivisionError"),
    ],
)
def test_a_worker_that_ends_badly_is_reported(
    stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    Plan.of(stream).save(tmp_path)
    monkeypatch.setattr(crew, "COMMAND", (sys.executable, "-c", script))
    with pytest.raises(WorkbenchError, match=said):
        run_workers(tmp_path, 1, 1, storage=None, member="m", finished=lambda: None)
