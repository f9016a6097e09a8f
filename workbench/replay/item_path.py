"""The path of recommenders: what happens in a session becomes the items to show next.

What a recommender learns from comes with the event itself: the item that was chosen is what
should have been recommended a moment before. So there are no labels to wait for.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from workbench.detectors.articles import article_numbers, title_words
from workbench.detectors.recommender import KINDS, Interactions
from workbench.durations import DAY
from workbench.replay.codes import NONE, Codes
from workbench.replay.path import Counts
from workbench.replay.pending import Pending
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from workbench.detectors.protocol import Matrix, Vector
    from workbench.detectors.recommender import I32, I64, Recommender
    from workbench.features.vocabulary import Feature
    from workbench.replay.pace import Pace
    from workbench.streams.schema import Schema

#: For how long an id is remembered, so that an event that comes twice counts once.
REMEMBERED: Final = 7 * DAY
_IDS: Final = ("session", "visitor", "item")
_NUMBERS: Final = ("quantity", "price", "on_hand")
_KINDS: Final = {kind: code for code, kind in enumerate(KINDS)}


class ItemPath:
    """A recommender, and what the ids that it is told stand for.

    An :class:`~workbench.replay.along.EventPath`.

    Parameters
    ----------
    features
        Not used: a recommender reads the events themselves.
    schema
        The events' schema; the columns that :class:`Interactions` names are read.
    detector
        What recommends and learns.
    pace
        Its horizon limits how long an event's id is remembered.
    learning
        Whether the recommender learns from what happens. Otherwise it only follows where sessions
        are and what is on hand, so that what is known to be out is never recommended.
    strict
        Not used: there are no labels.
    """

    def __init__(
        self,
        features: Sequence[Feature],  # noqa: ARG002 - what every path is made of
        schema: Schema,
        detector: Recommender,
        pace: Pace,
        *,
        learning: bool = True,
        strict: bool = True,
    ) -> None:
        self.strict = strict
        self.learning = learning
        self.recommender = detector
        self.counts = Counts()
        self.last: tuple[int, str] | None = None
        self.pending = Pending(0, min(pace.horizon, REMEMBERED))
        self.delays = np.empty(0, np.int64)
        self._codes = {name: Codes() for name in _IDS}
        known = {column.name for column in schema.columns}
        self._inputs = tuple(n for n in (*_IDS, "kind", *_NUMBERS, "title") if n in known)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The event columns that are read, beside id and time."""
        return self._inputs

    def process(
        self,
        events: pl.DataFrame,
        labels: pl.DataFrame,
        scored: Callable[[int, Matrix, Vector], None] | None = None,  # noqa: ARG002 - nothing is scored
    ) -> pl.Series:
        """Recommend for each event of a batch, as if it came alone, and learn it.

        Parameters
        ----------
        events
            Events after all earlier ones in the total order, each once.
        labels
            Counted, and used for nothing.
        scored
            Not called.

        Returns
        -------
        polars.Series
            ``items``, List(String), best first; empty where there is nothing to recommend.
        """
        self.counts.labels += labels.height
        self.counts.without_event += labels.height
        if events.height == 0:
            return pl.Series("items", [], pl.List(pl.String))
        time = events[EVENT_TIME].to_physical().to_numpy().astype(np.int64, copy=False)
        ids = events[EVENT_ID]
        self.pending.add(ids, time, self.counts.events)
        if self.learning:
            answered = self.recommender.process(self._interactions(events, time, new=_IDS))
        else:
            answered = self.recommender.follow(self._interactions(events, time, new=("session",)))
        items = self._texts(answered)
        for name, codes in zip(_IDS, self.recommender.released(), strict=True):
            self._codes[name].release(codes)
        self.counts.events += events.height
        self.last = (int(time[-1]), ids[-1])
        return items

    def score_late(self, events: pl.DataFrame) -> pl.Series:
        """Recommend for events that came too late: as things are now, and learn nothing."""
        time = events[EVENT_TIME].to_physical().to_numpy().astype(np.int64, copy=False)
        told = self._interactions(events, time, new=())
        return self._texts(self.recommender.recommend(told))

    def explain(self, x: Vector) -> list[dict[str, Any]]:  # noqa: ARG002 - there are no feature rows
        """Return nothing: no row was scored."""
        return []

    def tally(self) -> dict[str, int]:
        """Return what has passed, by name, for the run's document."""
        learned = self.counts.events if self.learning else 0
        return asdict(self.counts) | {"learned": learned} | self.recommender.counts()

    def _interactions(self, events: pl.DataFrame, time: I64, *, new: Sequence[str]) -> Interactions:
        """Return events as arrays; only ids of the kinds in ``new`` get codes if they are new."""

        def column(name: str) -> pl.Series:
            if name in events.columns:
                return events[name]
            return pl.Series(name, [None] * events.height, pl.String)

        def numbers(name: str) -> I64:
            return column(name).cast(pl.Int64).fill_null(NONE).to_numpy()

        def codes(name: str) -> I32:
            return self._codes[name].of(column(name), new=name in new)

        return Interactions(
            time=time,
            session=codes("session"),
            visitor=codes("visitor"),
            item=codes("item"),
            kind=column("kind").replace_strict(_KINDS, return_dtype=pl.Int8).to_numpy(),
            quantity=numbers("quantity"),
            price=numbers("price"),
            on_hand=numbers("on_hand"),
            number=article_numbers(column("item")),
            words=title_words(column("title").to_list()),
        )

    def _texts(self, codes: I32) -> pl.Series:
        """Return the ids of recommended items, shape (n, items), as lists."""
        texts, there = self._codes["item"].texts, codes >= 0
        if codes.size < len(texts):
            rows = [[texts[code] for code in row if code >= 0] for row in codes.tolist()]
            return pl.Series("items", rows, pl.List(pl.String))
        ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
        flat = pl.Series(texts, dtype=pl.String).gather(codes[there])
        return _lists(flat, ends)

    def state(self) -> dict[str, Any]:
        """Return everything that later recommendations depend on, as plain data."""
        return {
            "recommender": self.recommender.state(),
            "codes": {name: codes.state() for name, codes in self._codes.items()},
            "pending": self.pending.state()[0],
            "counts": [getattr(self.counts, name) for name in Counts.__slots__],
            "last": None if self.last is None else list(self.last),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned; the future is then the same bit for bit."""
        self.recommender.restore(state["recommender"])
        for name, codes in self._codes.items():
            codes.restore(state["codes"][name])
        self.pending.restore(state["pending"])
        self.counts = Counts(*(int(c) for c in state["counts"]))
        last = state["last"]
        self.last = None if last is None else (int(last[0]), str(last[1]))


def _lists(flat: pl.Series, ends: npt.NDArray[np.int64]) -> pl.Series:
    """Return lists of text from all their elements and where each list ends."""
    import pyarrow as pa

    lists = pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), flat.to_arrow())
    series = pl.from_arrow(lists)
    assert isinstance(series, pl.Series)  # noqa: S101 - an array becomes a series
    return series.alias("items")
