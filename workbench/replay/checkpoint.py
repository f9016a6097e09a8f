"""A replay's state on disk, so that it can go on after any end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workbench.detectors import codec
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from pathlib import Path as File

    from workbench.replay.along import EventPath
    from workbench.replay.sink import AnswerSink

NAME = "checkpoint.npz"


class Checkpoint:
    """Saves a path and its answers from time to time.

    When it saves follows the clock; what it saves does not, so that no result depends on it.

    Parameters
    ----------
    folder
        The unfinished run's folder.
    key
        What is replayed: a checkpoint of anything else is refused.
    every
        Seconds between two savings.
    """

    def __init__(self, folder: File, key: str, every: float) -> None:
        self.file = folder / NAME
        self.key = key
        self.every = every
        self._saved = time.monotonic()

    def load(self, path: EventPath, sink: AnswerSink) -> bool:
        """Restore what was saved, if anything was; return whether it was."""
        if not self.file.exists():
            return False
        state = codec.load(self.file)
        if state["key"] != self.key:
            raise ParameterError.of(
                f"--resume of {self.file.parent}, which was started on another stream or with "
                "other settings",
                allowed="the same stream and settings",
                hint="repeat the command that was stopped, or leave out --resume to start again",
            )
        path.restore(state["path"])
        sink.restore(state["sink"])
        return True

    def tick(self, path: EventPath, sink: AnswerSink) -> None:
        """Save if it is time to."""
        if time.monotonic() - self._saved < self.every:
            return
        codec.save(self.file, {"key": self.key, "path": path.state(), "sink": sink.state()})
        self._saved = time.monotonic()
