"""A replay on disk: whole or not at all, the same bytes whatever happened on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from killing import killed

from workbench.errors import BadInput, ParameterError, StreamError
from workbench.replay.answers import ANSWERS, SCORE
from workbench.replay.replay import replay
from workbench.replay.run import Run
from workbench.replay.setup import Setup

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.streams.recorded import Stream

SETUP = Setup.of("fraud", "additive")


@pytest.fixture(scope="session")
def run(stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(stream, SETUP, tmp_path_factory.mktemp("runs") / "whole")


def bytes_of(run: Run) -> bytes:
    return (run.path / "scores.parquet").read_bytes()


def test_there_is_one_row_for_each_event_in_order(run: Run, stream: Stream) -> None:
    events = pl.concat(list(stream.batches(columns=["event_id", "event_time"])))
    assert run.scores.drop("score").equals(events)
    assert run.scores["score"].is_between(0, 1).all()


@pytest.mark.parametrize("batch", [1000, 77])
def test_the_batch_size_changes_no_byte(
    run: Run, stream: Stream, tmp_path: Path, batch: int
) -> None:
    assert bytes_of(replay(stream, SETUP, tmp_path / "run", batch=batch)) == bytes_of(run)


def test_a_run_appears_with_its_metrics_or_not_at_all(
    stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, "score", replace(SCORE, group=1024))
    out, record = tmp_path / "run", Run.record
    whole = replay(stream, SETUP, tmp_path / "whole", measured=True)

    def stopped(_: Run) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "record", stopped)
    with pytest.raises(KeyboardInterrupt):
        replay(stream, SETUP, out, measured=True, checkpoint_every=0.0)
    assert not out.exists()
    monkeypatch.setattr(Run, "record", record)
    resumed = replay(stream, SETUP, out, measured=True, resume=True)
    assert bytes_of(resumed) == bytes_of(whole)
    assert Run.open(out).document["metrics"] == whole.document["metrics"]
    assert whole.document["peak_memory_with_metrics_mb"] >= whole.document["peak_memory_mb"] > 0
    names = {"run.json", "scores.parquet", "state.npz"}
    assert {file.name for file in out.iterdir()} == names


def test_a_folder_of_something_else_is_never_replaced(stream: Stream, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ParameterError, match="where something else is"):
        replay(stream, SETUP, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_whoever_replays_is_told_of_kernels_that_are_compiled(
    stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("workbench.replay.drive.announce", lambda: told.append("told"))
    replay(stream, SETUP, tmp_path / "run")
    assert told == ["told"]


def test_resuming_with_other_settings_is_refused(stream: Stream, tmp_path: Path) -> None:
    killed(stream, tmp_path / "run", 1)
    other = Setup.of("fraud", "additive", {"lr": 0.1})
    with pytest.raises(ParameterError, match="other settings"):
        replay(stream, other, tmp_path / "run", resume=True)


def test_a_span_outside_the_stream_is_refused_and_nothing_is_written(
    stream: Stream, tmp_path: Path
) -> None:
    with pytest.raises(StreamError, match="--from and --until"):
        replay(stream, SETUP, tmp_path / "run", start=stream.end.replace(year=2030))
    assert list(tmp_path.iterdir()) == []


def test_a_run_says_what_was_replayed_with_which_versions(run: Run, stream: Stream) -> None:
    document = run.document
    assert document["stream"]["hash"] == stream.hash
    assert document["counts"]["events"] == stream.n_events
    assert document["parameters"]["lr"] == 0.3
    assert {"river", "numpy", "polars", "python"} <= document["versions"].keys()
    assert document["events_per_second"] > 0
    assert Setup.from_data(document) == run.setup


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"run\.json"):
        Run.open(tmp_path)


def test_metrics_leave_out_the_warm_up(run: Run, stream: Stream) -> None:
    assert (run.frame()["event_time"].min() - stream.start).days == 7  # type: ignore[operator]  # a time


def test_each_answer_stands_beside_its_event_however_it_is_read(
    run: Run, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.replay.run._PIECE", 777)
    span = {"start": stream.start + timedelta(days=9), "until": stream.start + timedelta(days=12)}
    wanted = run.scores.filter(pl.col("event_time").is_between(*span.values(), closed="left"))
    assert run.frame(**span).select(wanted.columns).equals(wanted)


def test_a_run_equals_itself_in_comparison(run: Run) -> None:
    assert run.compare(run).differences["average_precision"].value == 0


def test_equal_setups_have_equal_digests_and_others_do_not() -> None:
    assert Setup.of("fraud", "additive").digest == SETUP.digest
    assert Setup.of("fraud", "additive", {"lr": "0.2"}).digest != SETUP.digest
    assert Setup.of("fraud", "additive", seed=1).digest != SETUP.digest


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"learning_rate": 1}, "lr"),
        ({"lr": "fast"}, "a number"),
        ({"negatives": 0.0}, "negatives=0.0"),
        ({"warm_up": "soon"}, "the duration"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    parameters: dict[str, object], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        Setup.of("fraud", "additive", parameters)
