"""Events of a span of a stream, read once and shared by all trials of detectors that recommend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import polars as pl

from workbench.atomic import atomic_folder
from workbench.case import get_case
from workbench.replay.answers import ITEMS
from workbench.replay.drive import BATCH
from workbench.streams.schema import EVENT_ID, EVENT_TIME, LABELS
from workbench.tuning.files import new_files, open_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from workbench.replay.setup import Setup
    from workbench.streams.encryption import Cipher
    from workbench.streams.recorded import Stream

_EVENTS = "events"


@dataclass(frozen=True)
class EventCache:
    """What a recommender sees of a stream's first span, whatever the recommender is.

    Parameters
    ----------
    events
        The events with the columns that the path reads.
    time
        Their times in µs, shape (n,).
    judged
        The same rows as evaluation frames have them, but for the items, with their numbers in
        ``row``.
    """

    events: pl.DataFrame
    time: npt.NDArray[np.int64]
    judged: pl.DataFrame
    answer: ClassVar[str] = ITEMS.name

    @classmethod
    def open(cls, folder: Path, case: str, cipher: Cipher | None = None) -> Self:
        """Open a cache."""
        events = open_files(folder, cipher).load_table(_EVENTS)
        columns = [EVENT_ID, EVENT_TIME, *get_case(case).evaluation_columns]
        judged = events.select(
            *columns,
            label=pl.lit(None, LABELS["label"]),
            known_at=pl.lit(None, LABELS["known_at"]),
        ).with_row_index("row")
        return cls(events, events[EVENT_TIME].to_physical().to_numpy(), judged)

    def play(self, setup: Setup, stops: Sequence[int] = ()) -> Iterator[pl.Series]:
        """Replay a setup over the events; equal to a replay of the stream bit for bit.

        Yields
        ------
        polars.Series
            The items so far, at each stop and at the end.
        """
        path = setup.build()
        none = pl.DataFrame(schema=LABELS)
        items = pl.Series(self.answer, [], ITEMS.dtype)
        done, n = 0, self.events.height
        for stop in (*stops, n):
            while done < stop:
                end = min(stop, done + BATCH)
                items.append(pl.Series(self.answer, path.process(self.events[done:end], none)))
                done = end
            yield items


def build_events(stream: Stream, setup: Setup, until: datetime, folder: Path) -> None:
    """Read a stream's first span; the folder appears when it is whole, encrypted if that is."""
    inputs = setup.build().inputs
    names = dict.fromkeys([EVENT_ID, EVENT_TIME, *inputs])
    wanted = [*names, *(c for c in get_case(setup.case).evaluation_columns if c not in names)]
    with atomic_folder(folder) as partial:
        events = pl.concat(list(stream.batches(until=until, columns=wanted)))
        new_files(partial, stream.cipher).save_table(_EVENTS, events)
