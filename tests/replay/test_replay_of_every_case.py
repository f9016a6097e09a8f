"""Killed with SIGKILL and resumed, a replay of each installed case ends with the same bytes."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

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
SOME = {"days": 10, "scale": 0.05}
GROUP = 1024

CODE = f"""
import os, sys
from dataclasses import replace
from pathlib import Path
from workbench.replay.answers import ANSWERS
from workbench.replay.checkpoint import Checkpoint
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.streams.recorded import Stream

for name, answer in ANSWERS.items():
    ANSWERS[name] = replace(answer, group={GROUP})
saves, tick = int(sys.argv[3]), Checkpoint.tick

def then_die(self, path, answers):
    global saves
    tick(self, path, answers)
    saves -= 1
    if saves == 0:
        os.kill(os.getpid(), 9)

Checkpoint.tick = then_die
stream = Stream.open(sys.argv[1])
replay(stream, Setup.of(stream.case), Path(sys.argv[2]), resume=True, checkpoint_every=0.0,
       batch=256)
"""


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
    for name, answer in list(ANSWERS.items()):
        monkeypatch.setitem(ANSWERS, name, replace(answer, group=GROUP))
    out, setup = tmp_path / "run", Setup.of(stream.case)
    for saves in (2, 3):
        killed = subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", CODE, str(stream.path), str(out), str(saves)], check=False
        )
        assert killed.returncode == -signal.SIGKILL
        assert not out.exists()
    resumed = replay(stream, setup, out, resume=True)
    assert bytes_of(resumed) == bytes_of(replay(stream, setup, tmp_path / "whole"))
