"""Recommendations beside what was chosen, as numbers that can be summed.

What the metrics are made of is found once for each scored event, and summed by session: each of
the bootstrap's resampled streams then costs milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit

from workbench.cases.recommend.engine.plan import LONGEST_SESSION
from workbench.replay import metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from workbench.replay.estimates import Floats
    from workbench.replay.ranking import Indices

I32 = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

COLUMNS: Final = ("event_id", "event_time", "items", "session", "visitor", "item", "kind")
SLOTS: Final = 20
"""Length of the lists; the shorter cut-off is half of it."""
WARM_UP: Final = 0.05
"""Share of the events that come first and are not scored."""
COLD: Final = 5
"""An item is new until it was chosen so many times."""

_NAMED: Final = ("session", "visitor", "item", "kind")
_NAMES: Final = pl.Categorical()
_PIECE: Final = 65_536
"""Events whose lists are read at once."""

PER_EVENT: Final = (
    "hit_rate",
    "hit_rate_at_10",
    "mrr",
    "mrr_at_10",
    "ndcg",
    "ndcg_at_10",
    "recall",
    "recall_at_10",
)
"""Metrics that are means over events."""
PER_SLOT: Final = ("novelty", "known_out", "truly_out")
"""Metrics that are means over recommended slots."""


class Lists:
    """A frame's recommendations and chosen items as codes, in the total order of events.

    Parameters
    ----------
    frame
        An evaluation frame: :data:`COLUMNS`, and ``on_hand`` where there are stock levels. Or
        the pieces of one, one after the other in the total order.
    since
        Events before it are context only, as the first ones are.

    Attributes
    ----------
    rows
        The frame in order, without the lists; sessions, visitors, items and kinds are
        categories.
    chosen
        Code of each event's item, shape (n,).
    lists
        Codes of what was recommended, shape (n, 20); -1 where nothing was, or what already
        stands further up.
    texts
        The item of each code.
    scored
        Which events count, shape (n,).
    excluded
        How many do not, by reason.

    Raises
    ------
    ParameterError
        If a column is missing.
    """

    def __init__(
        self, frame: pl.DataFrame | Iterable[pl.DataFrame], since: datetime | None = None
    ) -> None:
        self.rows, self.chosen, self.lists, self.texts = _read(frame)
        self.interaction: Mask = (self.rows["kind"] != "stock").to_numpy()
        self.scored, self.excluded = self._scored(since)

    def _scored(self, since: datetime | None) -> tuple[Mask, dict[str, int]]:
        early = np.arange(len(self.rows)) < WARM_UP * len(self.rows)
        if since is not None:
            early |= (self.rows["event_time"] < since).to_numpy()
        first, far = np.zeros((2, len(self.rows)), np.bool_)
        of = self.rows.filter(pl.Series(self.interaction)).select("session")
        number = of.select(pl.int_range(pl.len()).over("session")).to_series()
        alone = of["session"].is_null()
        first[self.interaction] = ((number == 0) | alone).to_numpy()
        far[self.interaction] = ((number >= LONGEST_SESSION) & ~alone).to_numpy()
        left = self.interaction.copy()
        counts = {"stock levels": int((~left).sum())}
        for reason, there in (
            (f"of the first {WARM_UP:.0%}" if since is None else "of the time before", early),
            ("first of their session", first),
            (f"after the first {LONGEST_SESSION:,} of their session", far),
        ):
            counts[reason] = int((left & there).sum())
            left &= ~there
        return left, counts

    def part(self, kept: pl.Series) -> None:
        """Score only events whose ids are among these."""
        self.scored &= self.rows["event_id"].is_in(kept.implode()).to_numpy()

    @property
    def ids(self) -> pl.Series:
        """Ids of the scored events."""
        return self.rows.filter(pl.Series(self.scored))["event_id"]

    def places(self) -> Indices:
        """Return where each event's item stands in its list, from 0; 20 where it does not."""
        same = self.lists == self.chosen[:, None]
        return np.where(same.any(axis=1), same.argmax(axis=1), SLOTS)

    def gains(self) -> Iterator[tuple[str, Floats]]:
        """Yield what each scored event adds to each of the metrics of :data:`PER_EVENT`."""
        place = self.places()[self.scored]
        worth = {"hit_rate": 1.0, "mrr": 1 / (1.0 + place), "ndcg": 1 / np.log2(2.0 + place)}
        for name, value in worth.items():
            yield name, np.where(place < SLOTS, value, 0.0)
            yield f"{name}_at_10", np.where(place < SLOTS // 2, value, 0.0)
        rest, whole, half = self._rest()
        yield "recall", whole / rest
        yield "recall_at_10", half / rest

    def _rest(self) -> tuple[I32, I32, I32]:
        """Return the items left in the session from each scored event on, and those found."""
        rows = np.flatnonzero(self.interaction)
        session, sessions = metrics.codes(self.rows["session"][rows].fill_null(""))
        order = np.argsort(session, kind="stable")
        ends = np.searchsorted(session[order], np.arange(len(sessions)), side="right")
        found = _rest(self.lists, self.chosen, rows[order], ends, len(self.texts))
        rest, whole, half = (counts[self.scored] for counts in found)
        return rest, whole, half

    def surprise(self) -> Floats:
        """Return the self-information of the slots of each scored event, summed, in bits.

        An item's share is that of the frame's interactions, each item counted once more.
        """
        counts = 1 + np.bincount(self.chosen[self.interaction], minlength=len(self.texts))
        bits = np.append(-np.log2(counts / counts.sum()), 0.0)  # the last one is that of -1
        sums: Floats = _summed(self.lists, bits)[self.scored]
        return sums

    def slots(self) -> Indices:
        """Return how many items were recommended to each scored event."""
        return np.asarray((self.lists >= 0).sum(axis=1)[self.scored], np.int64)

    def known_out(self) -> Indices:
        """Return how many slots of each scored event held what was known to be out of stock.

        Known is the item's last stock level before the event.
        """
        stock = np.flatnonzero(~self.interaction)
        level = self.rows["on_hand"] if "on_hand" in self.rows.columns else None
        if level is None or not len(stock):
            return np.zeros(int(self.scored.sum()), np.int64)
        out = (level[stock] == 0).fill_null(value=False).to_numpy()
        at = np.arange(len(self.rows))
        return self.out_of_stock(at, stock, self.chosen[stock], out)

    def out_of_stock(self, at: Indices, since: Indices, item: I32, out: Mask) -> Indices:
        """Return how many slots of each scored event held what was out of stock before it.

        Parameters
        ----------
        at
            When each of the frame's events is, ascending, shape (n,).
        since, item, out
            When an item becomes sold out, or is no longer, ascending, shape (m,).
        """
        counts = _out(self.lists, at, since, item, out, len(self.texts))
        return np.asarray(counts[self.scored], np.int64)

    def shown(self) -> Indices:
        """Return in how many of the scored events' slots each item stands, by code."""
        counts: Indices = _counted(self.lists, self.scored, len(self.texts))
        return counts

    def groups(self) -> dict[str, Mask]:
        """Return which scored events are of which kind, by new and known items and visitors."""
        there = self.rows.filter(pl.Series(self.interaction)).select(
            "kind",
            pl.int_range(pl.len()).over("item").alias("before"),
            pl.col("visitor").is_null().alias("guest"),
            (pl.col("session") == pl.col("session").first().over("visitor")).alias("new"),
        )
        rows = there.filter(pl.Series(self.scored[self.interaction]))
        guest, cold = rows["guest"].to_numpy(), (rows["before"] < COLD).to_numpy()
        new = rows["new"].to_numpy()
        found = {
            "views": (rows["kind"] == "view").to_numpy(),
            "cart additions": (rows["kind"] == "cart").to_numpy(),
            "purchases": (rows["kind"] == "purchase").to_numpy(),
            f"items chosen less than {COLD} times before": cold,
            "all other items": ~cold,
            "visitors in their first session": new & ~guest,
            "visitors that came back": ~new & ~guest,
            "visitors that nobody knows": guest,
        }
        return {name: mask for name, mask in found.items() if mask.any()}


def _read(
    frame: pl.DataFrame | Iterable[pl.DataFrame],
) -> tuple[pl.DataFrame, I32, I32, list[str]]:
    """Return rows without lists, codes of the items in both, and what they stand for."""
    if isinstance(frame, pl.DataFrame):
        ordered = _checked(frame).sort("event_time", "event_id")
        frame = [ordered[:0], *ordered.iter_slices(_PIECE)]
    rows = []
    chosen, lists = np.empty(0, np.int32), np.empty((0, SLOTS), np.int32)
    for piece in map(_checked, frame):
        rows.append(piece.drop("items").with_columns(pl.col(_NAMED).cast(_NAMES)))
        n = len(chosen)
        # In place, so that there is never a second copy of all lists.
        chosen.resize(n + len(piece), refcheck=False)
        lists.resize((n + len(piece), SLOTS), refcheck=False)
        chosen[n:] = _numbers(rows[-1]["item"])
        items = piece["items"].cast(pl.List(_NAMES))
        flat = _numbers(items.explode(empty_as_null=False, keep_nulls=False))
        _fill(lists[n:], flat, items.list.len().fill_null(0).to_numpy())
    # Categories number all texts that the process ever met; codes this frame's, as they come.
    numbers = (chosen, lists.ravel())
    code_of = np.full(1 + max(part.max(initial=-1) for part in numbers), -1, np.int32)
    count = 0
    for part in numbers:
        count = _renumber(part, code_of, count)
    _once(lists, count)
    used = pl.Series(np.argsort(code_of)[-count:] if count else [], dtype=pl.UInt32)
    return pl.concat(rows), chosen, lists, used.cat.to(_NAMES).cast(pl.String).to_list()


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that are read."""
    metrics.check_columns(frame, COLUMNS, "recommendations joined with its stream's events")
    return frame.select(*COLUMNS, *(name for name in ("on_hand",) if name in frame.columns))


def _numbers(texts: pl.Series) -> I32:
    """Return the numbers of categories, -1 for none."""
    return texts.to_physical().cast(pl.Int32).fill_null(-1).to_numpy()


@njit(cache=True)
def _fill(lists: I32, numbers: I32, length: npt.NDArray[np.uint32]) -> None:
    """Write lists that lie one after the other into rows, as much of each as a row holds."""
    begin = 0
    for row in range(len(lists)):
        for k in range(lists.shape[1]):
            lists[row, k] = numbers[begin + k] if k < length[row] else -1
        begin += length[row]


@njit(cache=True)
def _renumber(numbers: I32, code_of: I32, count: int) -> int:
    """Put codes in the place of numbers, new ones from ``count`` on; return how many there are."""
    for k in range(len(numbers)):
        number = numbers[k]
        if number >= 0:
            if code_of[number] < 0:
                code_of[number] = count
                count += 1
            numbers[k] = code_of[number]
    return count


@njit(cache=True)
def _once(lists: I32, size: int) -> None:
    """Put -1 for what stands in a list for the second time."""
    seen = np.full(size, -1)
    for row in range(len(lists)):
        for k in range(lists.shape[1]):
            item = lists[row, k]
            if item >= 0 and seen[item] == row:
                lists[row, k] = -1
            elif item >= 0:
                seen[item] = row


@njit(cache=True)
def _summed(lists: I32, values: Floats) -> Any:
    """Return the sum of each list's values; the last value is that of -1."""
    sums = np.zeros(len(lists))
    for row in range(len(lists)):
        for item in lists[row]:
            sums[row] += values[item]
    return sums


@njit(cache=True)
def _counted(lists: I32, rows: Mask, size: int) -> Any:
    """Return how often each item stands in those of the lists that ``rows`` marks."""
    counts = np.zeros(size, np.int64)
    for row in range(len(lists)):
        if rows[row]:
            for item in lists[row]:
                if item >= 0:
                    counts[item] += 1
    return counts


@njit(cache=True)
def _rest(lists: I32, chosen: I32, rows: Indices, ends: Indices, size: int) -> Any:
    """Return the distinct items left in the session, and how many 20 and 10 slots hold.

    ``rows`` are the interactions by session, each in order, and ``ends`` where sessions end.
    """
    rest = np.zeros(len(lists), np.int32)
    whole, half = np.zeros_like(rest), np.zeros_like(rest)
    of, last = np.full(size, -1), np.zeros(size, np.int64)
    begin = 0
    for s in range(len(ends)):
        for p in range(begin, ends[s]):
            item = chosen[rows[p]]
            of[item], last[item] = s, p
        left = 0
        for p in range(ends[s] - 1, begin - 1, -1):
            row = rows[p]
            left += last[chosen[row]] == p
            rest[row] = left
            for k in range(lists.shape[1]):
                item = lists[row, k]
                if item >= 0 and of[item] == s and last[item] >= p:
                    whole[row] += 1
                    half[row] += 2 * k < lists.shape[1]
        begin = ends[s]
    return rest, whole, half


@njit(cache=True)
def _out(lists: I32, at: Indices, since: Indices, item: I32, out: Mask, size: int) -> I32:
    """Return how many slots of each row hold what was sold out before ``at``."""
    gone, counts, j = np.zeros(size, np.bool_), np.zeros(len(lists), np.int32), 0
    for row in range(len(lists)):
        while j < len(since) and since[j] < at[row]:
            gone[item[j]] = out[j]
            j += 1
        for k in range(lists.shape[1]):
            if lists[row, k] >= 0 and gone[lists[row, k]]:
                counts[row] += 1
    return counts
