"""Whatever goes wrong: one paragraph on stderr, its exit code, and nothing half-written."""

from __future__ import annotations

import errno
import shutil
import signal
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

from workbench.errors import CheckFailed, Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def is_one_paragraph(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith("\n") and "Traceback" not in text


# Usage


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["replay", "fraud"], "--stream"),
        (["simulat"], "simulate"),
        (["simulate", "fraud", "--out", "s", "--dayz", "3"], "--days"),
        (["simulate", "fraud", "--out", "s", "--days", "few"], "'few'"),
        (["simulate", "fraud", "--out", "s", "--days", "0"], "1 to 3650"),
        (["simulate", "fraude", "--out", "s"], "allowed is fraud"),
        (["replay", "fraud", "--stream", "s", "--from", "yesterday"], "'yesterday'"),
        (["replay", "fraud", "--stream", "s", "--from", "2025-02-02", "--until", "2025-02-01"],
         "2025-02-01"),
        (["replay", "fraud", "--stream", "s", "-p", "rate"], "'rate'"),
        (["replay", "fraud", "--stream", "s", "-p", "a=1", "-p", "a=2"], "each key once"),
        (["replay", "fraud", "--stream", "s", "--detector", "additiv"], "additive"),
        (["replay", "recommend", "--stream", "s", "--detector", "titels"],
         "; did you mean titles?\n"),
        (["replay", "recommend", "--stream", "s", "--detector", "additive"],
         "allowed is basket-regression"),
        (["replay", "fraud", "--stream", "s", "-p", "rat=1"], "rat"),
        (["replay", "fraud", "--stream", "s", "--deliver", "1 fortnight"], "1 fortnight"),
        (["import", "fraud", "f.csv", "--out", "s"], "--preset"),
        (["schedule"], "schedule --help"),
        (["compare", "only-one"], "RUN"),
    ],
)  # fmt: skip
def test_bad_usage_is_named_with_what_is_allowed(
    workbench: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    named: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    done = workbench(*arguments)

    assert (done.code, done.out) == (2, "")
    assert is_one_paragraph(done.err)
    assert named in done.err
    assert not list(tmp_path.iterdir())


# Streams that cannot be read


@pytest.fixture
def broken(stream: Path, tmp_path: Path) -> Path:
    """A copy of the stream, to be damaged."""
    return shutil.copytree(stream, tmp_path / "broken")


def missing(folder: Path) -> str:
    (folder / "events-00000.parquet").unlink()
    return "events-00000.parquet"


def truncated(folder: Path) -> str:
    part = folder / "events-00000.parquet"
    part.write_bytes(part.read_bytes()[:-500])
    return "events-00000.parquet"


def without_a_column(folder: Path) -> str:
    part = folder / "events-00000.parquet"
    pl.read_parquet(part).drop("amount").write_parquet(part)
    return "amount"


def of_another_case(folder: Path) -> str:
    document = orjson.loads((folder / "stream.json").read_bytes())
    (folder / "stream.json").write_bytes(orjson.dumps(document | {"case": "weather"}))
    return "weather"


def empty(folder: Path) -> str:
    for part in folder.glob("*.parquet"):
        part.unlink()
    document = orjson.loads((folder / "stream.json").read_bytes())
    (folder / "stream.json").write_bytes(orjson.dumps({"format": 1, "case": document["case"]}))
    return "no events"


def labels_only(folder: Path) -> str:
    (folder / "events-00000.parquet").unlink()
    document = orjson.loads((folder / "stream.json").read_bytes())
    (folder / "stream.json").write_bytes(orjson.dumps({"format": 1, "case": document["case"]}))
    return "labels but no events"


def without_manifest(folder: Path) -> str:
    (folder / "stream.json").unlink()
    return "stream.json"


DAMAGES = [
    missing, truncated, without_a_column, of_another_case, empty, labels_only, without_manifest,
]  # fmt: skip


@pytest.mark.parametrize("command", ["replay", "tune", "inspect"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_stream_that_cannot_be_read_ends_a_command(
    workbench: Callable[..., Any],
    broken: Path,
    command: str,
    damage: Callable[[Path], str],
) -> None:
    named = damage(broken)
    where = [broken] if command == "inspect" else ["fraud", "--stream", broken]
    out = broken.parent / "out"
    to = [] if command == "inspect" else ["--out", out]

    done = workbench(command, *where, *to)

    assert (done.code, done.out) == (2, "")
    assert is_one_paragraph(done.err)
    assert named in done.err
    assert not out.exists()


def test_a_changed_part_fails_its_verification(workbench: Callable[..., Any], broken: Path) -> None:
    part = broken / "labels-00000.parquet"
    pl.read_parquet(part).with_columns(label=pl.lit(1, pl.Int8)).write_parquet(part)

    assert workbench("inspect", broken).code == 0
    done = workbench("inspect", broken, "--verify")

    assert done.code == 1
    assert is_one_paragraph(done.err)
    assert "labels-00000.parquet" in done.err


def test_a_span_without_events_ends_a_replay(
    workbench: Callable[..., Any], stream: Path, tmp_path: Path
) -> None:
    done = workbench(
        "replay", "fraud", "--stream", stream, "--from", "2040-01-01", "--out", tmp_path / "out"
    )

    assert done.code == 2
    assert is_one_paragraph(done.err)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_never_replaced(
    workbench: Callable[..., Any], stream: Path, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    for command in ("replay", "tune"):
        done = workbench(command, "fraud", "--stream", stream, "--out", tmp_path)

        assert done.code == 2
        assert str(tmp_path) in done.err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


# The system refuses


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "out")


def test_a_full_disk_ends_a_simulation_and_leaves_nothing(
    workbench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyarrow.parquet.write_table", full)

    done = workbench("simulate", "fraud", "--out", tmp_path / "s", "--days", 2, "--scale", 0.02)

    assert done.code == 2
    assert is_one_paragraph(done.err)
    assert "No space left" in done.err
    assert not list(tmp_path.iterdir())


def test_a_full_disk_ends_a_replay_and_says_how_to_go_on(
    workbench: Callable[..., Any],
    stream: Path,
    quick: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pyarrow.parquet.ParquetWriter", full)

    done = workbench("replay", "fraud", "--stream", stream, "--out", tmp_path / "out", *quick)

    assert done.code == 2
    assert is_one_paragraph(done.err)
    assert "make room" in done.err
    assert "--resume" in done.err
    assert not (tmp_path / "out").exists()


def test_an_error_that_polars_tells_in_words_is_understood(
    workbench: Callable[..., Any], stream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("No space left on device (os error 28)")

    monkeypatch.setattr("workbench.streams.inspection.inspect", refuse)

    assert "make room" in workbench("inspect", stream).err


# The user stops


def test_ctrl_c_says_how_to_go_on_and_the_end_is_the_same(
    workbench: Callable[..., Any],
    stream: Path,
    run: Path,
    quick: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = ["replay", "fraud", "--stream", stream, "--out", tmp_path / "out", *quick]
    with monkeypatch.context() as patch:
        patch.setattr(
            "workbench.replay.path.Path.process", lambda *_: signal.raise_signal(signal.SIGINT)
        )
        stopped = workbench(*command)

    assert (stopped.code, stopped.out) == (130, "")
    assert is_one_paragraph(stopped.err)
    assert f"workbench {' '.join(map(str, command))} --resume" in stopped.err
    assert not (tmp_path / "out").exists()

    assert workbench(*command, "--resume").code == 0
    scores = "scores.parquet"
    assert (tmp_path / "out" / scores).read_bytes() == (run / scores).read_bytes()


def test_ctrl_c_of_what_cannot_go_on_only_says_that_it_stopped(
    workbench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("workbench.streams.writer.StreamWriter.events", stop)

    done = workbench("simulate", "fraud", "--out", tmp_path / "s", "--days", 2, "--scale", 0.02)

    assert (done.code, done.out) == (130, "")
    assert "--resume" not in done.err
    assert not list(tmp_path.iterdir())


# Everything else


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CheckFailed("two files differ"), 1),
        (Interrupted("the study is stopped"), 130),
        (ModuleNotFoundError("No module named 'river'", name="river"), 2),
        (MemoryError(), 2),
        (ZeroDivisionError("division by zero"), 2),
    ],
)
def test_any_other_error_is_one_paragraph_too(
    workbench: Callable[..., Any],
    stream: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr("workbench.streams.inspection.inspect", fail)

    done = workbench("inspect", stream)

    assert (done.code, done.out) == (code, "")
    assert is_one_paragraph(done.err)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_traceback_comes_with_debug_only_which_stands_anywhere(
    workbench: Callable[..., Any], stream: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("workbench.streams.inspection.inspect", fail)
    arguments = ["inspect", stream]

    assert "Traceback" not in workbench(*arguments).err
    assert "--debug" in workbench(*arguments).err
    arguments.insert(place, "--debug")
    assert "Traceback" in workbench(*arguments).err
