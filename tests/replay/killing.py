"""A replay in a process of its own that is killed on its way."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.streams.recorded import Stream

#: Answers that go to the disk together: few, so that a short stream has several such groups.
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


def killed(stream: Stream, out: Path, saves: int) -> None:
    """Replay the shipped detector, or go on with it, until so many checkpoints are saved."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", CODE, str(stream.path), str(out), str(saves)], check=False
    )
    assert done.returncode == -signal.SIGKILL
