"""What a study computes or reads once for all its trials, whatever its detectors answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from workbench.case import get_case
from workbench.replay.answers import ITEMS
from workbench.tuning.cache import FeatureCache, build_features, name_of
from workbench.tuning.events import EventCache, build_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from workbench.replay.along import Answers
    from workbench.replay.setup import Setup
    from workbench.streams.encryption import Cipher
    from workbench.streams.recorded import Stream

__all__ = ["Cache", "build", "name_of", "open_cache"]


class Cache(Protocol):
    """A stream's first span, on which trials are played.

    Attributes
    ----------
    answer
        The column of the answers.
    """

    answer: ClassVar[str]

    @property
    def time(self) -> npt.NDArray[np.int64]:
        """Event times in µs, shape (n,)."""

    @property
    def judged(self) -> pl.DataFrame:
        """The rows that may be evaluated, in order, without answers; their numbers in ``row``."""

    def play(self, setup: Setup, stops: Sequence[int] = ()) -> Iterator[Answers]:
        """Yield the answers so far, before each row of ``stops`` and at the end."""


def build(stream: Stream, setup: Setup, delay: int, until: datetime, folder: Path) -> None:
    """Make the cache that serves a setup, of events before ``until``."""
    if get_case(setup.case).answer == ITEMS.name:
        build_events(stream, setup, until, folder)
    else:
        build_features(stream, setup, delay, until, folder)


def open_cache(folder: Path, case: str, cipher: Cipher | None = None) -> Cache:
    """Open what :func:`build` made.

    Parameters
    ----------
    folder
        Where it is.
    case
        Name of the case.
    cipher
        The stream's own; of an encrypted cache that of the environment's key if not given.

    Raises
    ------
    StreamError
        If it is encrypted, and the key is missing or wrong.
    """
    if get_case(case).answer == ITEMS.name:
        return EventCache.open(folder, case, cipher)
    return FeatureCache.open(folder, cipher)
