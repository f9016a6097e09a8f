"""What a worker is told by who starts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.artifacts.artifact import Artifact
    from workbench.live.topics import Topics


@dataclass(frozen=True)
class Options:
    """What a worker is told.

    Parameters
    ----------
    artifact
        The detector.
    state
        Folder of its checkpoints.
    topics
        The case's topics; the worker's name follows from them.
    owner
        Which line of successors the process belongs to.
    supervisor
        Process id of who started it: without that one it leaves.
    successor
        Whether an earlier process of that line has worked.
    lateness
        How far the order may be out (µs).
    until_idle
        Leave when nothing has come for so long (s); None: never.
    checkpoint_every
        Seconds between checkpoints.
    """

    artifact: Artifact
    state: Path
    topics: Topics
    owner: str
    supervisor: int
    successor: bool
    lateness: int
    until_idle: float | None = None
    checkpoint_every: float = 30.0
