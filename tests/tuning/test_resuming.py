from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tuning_examples import decision, small_study, stopped

from workbench.errors import ParameterError
from workbench.tuning import work
from workbench.tuning.folder import unfinished
from workbench.tuning.plan import Plan
from workbench.tuning.storage import JOURNAL

if TYPE_CHECKING:
    from workbench.streams.recorded import Stream
    from workbench.tuning.study import Study

KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tuning_examples import small_study, stopped
from workbench.streams.recorded import Stream
from workbench.tuning import work
if __name__ == "__main__":
    work.judge = stopped(2, lambda: os.kill(os.getpid(), signal.SIGKILL))
    small_study(Stream.open(sys.argv[2]), Path(sys.argv[3]))
"""


def interrupt() -> None:
    raise KeyboardInterrupt


def partial(out: Path) -> Path:
    return out.with_name(out.name + ".partial")


def test_a_study_that_was_killed_and_resumed_is_the_one_that_was_not(
    stream: Stream, finished: Study, out: Path
) -> None:
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), stream.path, out]
    ended = subprocess.run(command, check=False)  # noqa: S603 - our own text, no shell
    assert ended.returncode == -signal.SIGKILL
    assert not out.exists()
    journal = partial(out) / JOURNAL
    # As if the machine had gone down in the middle of a line, with the lock held.
    with journal.open("ab") as file:
        file.write(b'{"op_code":7,"worker')
    journal.with_name(JOURNAL + ".lock").touch()
    assert decision(small_study(stream, out, resume=True)) == decision(finished)
    assert not partial(out).exists()


@pytest.mark.parametrize("after", [0, 3])
def test_a_study_interrupted_at_any_trial_goes_on_to_the_same_choice(
    stream: Stream, finished: Study, out: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(work, "judge", stopped(after, interrupt))
        with pytest.raises(KeyboardInterrupt):
            small_study(stream, out)
    assert decision(small_study(stream, out, resume=True)) == decision(finished)


def test_a_study_interrupted_while_confirming_goes_on_to_the_same_choice(
    stream: Stream, finished: Study, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("workbench.tuning.tune.write_study", lambda *_: interrupt())
        with pytest.raises(KeyboardInterrupt):
            small_study(stream, out)
    runs = {file: file.stat().st_mtime_ns for file in partial(out).glob("runs/*/scores.parquet")}
    assert decision(small_study(stream, out, resume=True)) == decision(finished)
    kept = {file: file.stat().st_mtime_ns for file in out.glob("runs/*/scores.parquet")}
    assert sorted(runs.values()) == sorted(kept.values())


def test_resuming_a_finished_study_adds_trials_or_returns_it(
    stream: Stream, finished: Study, out: Path
) -> None:
    small_study(stream, out, trials=3)
    more = small_study(stream, out, trials=5, resume=True)
    assert decision(more) == decision(finished)
    before = (out / "study.json").stat().st_mtime_ns
    small_study(stream, out, trials=4, resume=True)
    assert (out / "study.json").stat().st_mtime_ns == before


def test_without_resume_a_study_starts_again(
    stream: Stream, finished: Study, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(work, "judge", stopped(3, interrupt))
        with pytest.raises(KeyboardInterrupt):
            small_study(stream, out, seed=5)
    assert decision(small_study(stream, out)) == decision(finished)


def test_a_stopped_study_is_resumed_although_an_older_one_is_there(
    stream: Stream, finished: Study, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_study(stream, out, seed=5)
    with monkeypatch.context() as patch:
        patch.setattr(work, "judge", stopped(3, interrupt))
        with pytest.raises(KeyboardInterrupt):
            small_study(stream, out)
    assert decision(small_study(stream, out, resume=True)) == decision(finished)


def test_resuming_another_study_is_refused(
    stream: Stream, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(work, "judge", stopped(1, interrupt))
        with pytest.raises(KeyboardInterrupt):
            small_study(stream, out)
    with pytest.raises(ParameterError, match="other settings"):
        small_study(stream, out, seed=1, resume=True)
    assert small_study(stream, out, resume=True).trials.height == 5
    with pytest.raises(ParameterError, match="other settings"):
        small_study(stream, out, seed=1, resume=True)
    assert not partial(out).exists()


def test_two_processes_do_not_write_one_folder(stream: Stream, out: Path) -> None:
    plan = Plan.of(stream)
    with (
        unfinished(out, plan, resume=False),
        pytest.raises(ParameterError, match="another process"),
        unfinished(out, plan, resume=False),
    ):
        pass
