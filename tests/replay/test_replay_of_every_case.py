"""Killed with SIGKILL and resumed, a replay of each installed case ends with the same bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from killing import GROUP, killed

from workbench.case import case_names, get_case
from workbench.replay.answers import ANSWERS
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.replay.run import Run

#: Days and scale of a stream of some thousand events.
SIZES: dict[str, dict[str, Any]] = {"vitals": {"days": 8, "scale": 0.03}}
SOME = {"days": 20, "scale": 0.06}


@pytest.fixture(params=case_names())
def stream(request: pytest.FixtureRequest, tmp_path: Path) -> Stream:
    case = get_case(request.param)
    with StreamWriter(tmp_path / "stream", case.name, case.schema, {}) as writer:
        size = SIZES.get(case.name, SOME)
        case.load("simulate")(writer, seed=7, progress=lambda *_: None, **size)
    return Stream.open(tmp_path / "stream")


def bytes_of(run: Run) -> bytes:
    return (run.path / run.answer.file).read_bytes()


def test_killed_and_resumed_it_ends_with_the_same_bytes(
    stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, setup = tmp_path / "run", Setup.of(stream.case)
    usual = replay(stream, setup, tmp_path / "usual")
    for name, answer in list(ANSWERS.items()):
        monkeypatch.setitem(ANSWERS, name, replace(answer, group=GROUP))
    whole = replay(stream, setup, tmp_path / "whole")
    for saves in (2, 12):
        killed(stream, out, saves)
        assert not out.exists()
    resumed = replay(stream, setup, out, resume=True)
    assert bytes_of(resumed) == bytes_of(whole)
    assert not out.with_name("run.partial").exists()
    assert resumed.answers.equals(usual.answers)
