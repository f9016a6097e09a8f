"""How well the next item is foreseen, and what is shown meanwhile.

The protocol, exactly. It is prequential [1]_: every event is answered before it is learned, and
learned before the next one is answered.

*What is scored.* Every interaction (view, cart addition, purchase) after the first 5 % of the
frame's events in the total order (``event_time``, ``event_id``), but the first of its session, and
what follows its 1,024th: no visitor clicks so often, but bots do, and nothing is learned of it
either. Stock levels count among the 5 % and are not scored. With ``since``, events before it are
context only. Whatever lies before the frame is unknown: an interaction whose session began there
and has no other in the frame before it is the first of its session.

*When is learned.* From each interaction at once, also from those that are not scored; from a
stock level what is on hand from then on.

*What is eligible.* Every item that was seen before and whose last stock level was not 0. An
event of an item that was never seen before, or that is known to be out, is scored, and is a miss.
So is an event without an answer, or with a list that is short. Items of the session itself are
eligible: people come back to what they looked at.

*How ties fall.* A list has an order, and no metric depends on anything but the list. Of items
with equal scores a recommender puts the one first that it met first: the re-ranker what was
proposed first (generators in the order of their list, see
:mod:`workbench.cases.recommend.engine.generators.proposals`); a generator what its evidence names
first, the session's latest item being asked first; popularity what reached its count first;
River's models the item that was seen first. The names of items and the cut into batches decide
nothing. If an item stands in a list twice, the first place counts, and the second is a slot
wasted.

*Lines of one invoice* have no true order: the import shuffles them with a seed (see
:func:`workbench.cases.recommend.presets.shuffled`), and they are scored in that order.

With ``r`` the place of the event's item in the list, from 1, and cut-offs ``k`` of 10 and 20:

- *HitRate@k* is 1 where r ≤ k; *MRR@k* 1 / r; *NDCG@k* 1 / log2(1 + r), for with one item that is
  right the best that can be is 1 [2]_; each 0 where r > k; the mean over scored events.
- *Recall@k*: of the different items that come in the session from this event on, the share that
  is among the first k.
- *Coverage*: share of the frame's items that stand in any of the scored events' 20 slots.
- *Novelty*: mean self-information of the slots' items, −log2 of their share of the frame's
  interactions (bits) [3]_.
- *Diversity*: 1 − the mean overlap of the lists of two scored events, as a share of 20 [3]_.
- *Gini*: of the number of slots that the frame's items got; 1 where a single item gets all.
- *Known out*: share of slots whose item's last stock level before the event was 0.
- With a simulated stream's truth, *truly out*: share of slots whose item was truly sold out before
  the event; and *lost sales saved*: of the pieces that were wanted and lost because an item was
  sold out, the share for which the session's last list before showed another item of the same
  family that was truly in stock. Whether it would have been bought instead nobody knows.

Intervals resample sessions with all their events. Coverage, diversity and Gini say something of
all lists together, of which a resampled stream has fewer different ones: they get no interval,
and no place in a comparison.

References
----------
.. [1] A. P. Dawid, J. R. Stat. Soc. A 147 (1984) 278-292.
.. [2] K. Järvelin, J. Kekäläinen, ACM Trans. Inf. Syst. 20 (2002) 422-446.
.. [3] T. Zhou et al., PNAS 107 (2010) 4511-4515.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from workbench.cases.recommend.sample import PER_EVENT, PER_SLOT, SLOTS, Lists
from workbench.cases.recommend.shortage import saved, truly_out
from workbench.errors import ParameterError
from workbench.replay import metrics
from workbench.replay.estimates import Estimate, bootstrap, columns, difference
from workbench.replay.evaluation import Comparison, Evaluation, Measure
from workbench.replay.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from workbench.cases.recommend.truth import Truth
    from workbench.replay.estimates import Floats, Weights
    from workbench.replay.ranking import Indices

MEASURES: Final = {
    "hit_rate": Measure("HitRate@20"),
    "hit_rate_at_10": Measure("HitRate@10"),
    "mrr": Measure("MRR@20"),
    "mrr_at_10": Measure("MRR@10"),
    "ndcg": Measure("NDCG@20"),
    "ndcg_at_10": Measure("NDCG@10"),
    "recall": Measure("Recall@20 of the session's rest"),
    "recall_at_10": Measure("Recall@10 of the session's rest"),
    "novelty": Measure("Novelty (bits)", ".2f", limit=None),
    "known_out": Measure(
        "Slots known to be out of stock", ".4f", limit=None, higher_is_better=False
    ),
    "truly_out": Measure("Slots truly out of stock", ".4f", limit=None, higher_is_better=False),
    "saved": Measure("Lost sales with a variant in stock shown"),
    "coverage": Measure("Coverage of the catalogue"),
    "diversity": Measure("Diversity of the lists"),
    "gini": Measure("Gini of the slots", higher_is_better=False),
}
"""How the metrics are called and written."""

BY_DAY: Final = (*PER_EVENT, "novelty", "known_out")
"""Metrics that are also told by day."""
BY_GROUP: Final = ("hit_rate", "mrr", "ndcg", "recall")
"""Metrics that are also told by group of events."""
_COLUMNS: Final = ("events", "slots", *PER_EVENT, *PER_SLOT)
_OWN: Final = _COLUMNS[2:]
_GROUPED: Final = ("events", *BY_GROUP)


def ndcg(rows: pl.DataFrame) -> float:
    """Return NDCG@20 of an evaluation frame: what tuning raises.

    ``NaN`` where nothing is scored. More than the hit rate it says what a visitor sees: an item
    at the top is worth more than the same at the bottom.
    """
    lists = Lists(rows)
    place = lists.places()[lists.scored]
    gain = np.where(place < SLOTS, 1 / np.log2(2.0 + place), 0.0)
    return float(gain.mean()) if len(gain) else float("nan")


def evaluate(
    frame: pl.DataFrame | Iterable[pl.DataFrame],
    *,
    truth: Truth | None = None,
    since: datetime | None = None,
    replicates: int = 200,
    seed: int = 0,
) -> Evaluation:
    """Evaluate recommendations against what was chosen next.

    Parameters
    ----------
    frame
        An evaluation frame: ``event_id``, ``event_time``, ``items`` (lists of at most 20 ids,
        best first), ``session``, ``visitor``, ``item``, ``kind``, and ``on_hand`` where there
        are stock levels. Or the pieces of one, one after the other in the total order.
    truth
        What truly happened, where that is known.
    since
        Events before this time are context only: known items and visitors, what is on hand.
    replicates, seed
        Of the bootstrap over sessions; without replicates there are no intervals.

    Returns
    -------
    Evaluation
        With the metrics of :data:`MEASURES`. ``by_day`` has ``day``, ``events``, ``positives``
        (hits) and those of :data:`BY_DAY` with limits; ``by_pattern`` those of :data:`BY_GROUP`
        by kind of event, and by new and known items and visitors.

    Raises
    ------
    ParameterError
        If a column is missing.
    """
    lists = Lists(frame, since)
    rows = lists.rows.select("session", "event_time").filter(pl.Series(lists.scored))
    session, sessions = metrics.codes(rows["session"])
    day, days = metrics.day_codes(rows["event_time"])
    groups = lists.groups()
    kept: dict[str, Floats | Indices] = {}

    def quantities() -> Iterator[Floats | Indices]:
        for name, values in _quantities(lists, truth):
            if name in _GROUPED:
                kept[name] = values
            yield values

    daily = Totals(quantities(), session, day, len(days))
    one = np.zeros_like(session)
    each = [
        Totals((values[mask] for values in kept.values()), session[mask], one[mask], 1)
        for mask in groups.values()
    ]

    def grouped(weights: Weights) -> Floats:
        return np.concatenate([np.empty((0, len(_GROUPED))), *(totals(weights) for totals in each)])

    def statistic(weights: Weights) -> Floats:
        days = daily(weights)
        return np.concatenate(
            (
                _means(days.sum(axis=0, keepdims=True), _COLUMNS, _OWN),
                _means(days, _COLUMNS, BY_DAY),
                _means(grouped(weights), _GROUPED, BY_GROUP),
            )
        )

    estimates = bootstrap(statistic, len(sessions), replicates=replicates, seed=seed)
    once = np.ones(len(sessions), np.uint8)
    own, by_day = len(_OWN), len(_OWN) + len(BY_DAY) * len(days)
    overall = dict(zip(_OWN, estimates, strict=False))
    if truth is None:
        del overall["truly_out"]
    else:
        overall["saved"] = saved(lists, truth, replicates=replicates, seed=seed)
    for name, value in _all_together(lists).items():
        overall[name] = Estimate(value)
    return Evaluation(
        overall,
        MEASURES,
        n=len(session),
        positives=int(kept["hit_rate"].sum()),
        entities=len(sessions),
        excluded=lists.excluded,
        by_day=_table(days, _COLUMNS, daily(once), BY_DAY, estimates[own:by_day]),
        by_pattern=_table(
            pl.Series("pattern", list(groups), pl.String),
            _GROUPED,
            grouped(once),
            BY_GROUP,
            estimates[by_day:],
        ),
        settings={
            **({} if since is None else {"since": since.isoformat()}),
            "replicates": replicates,
            "seed": seed,
        },
        entity="session",
        positive="hits",
        grouping="group of events",
    )


def compare(
    frame: pl.DataFrame | Iterable[pl.DataFrame],
    other: pl.DataFrame | Iterable[pl.DataFrame],
    *,
    replicates: int = 200,
    seed: int = 0,
) -> Comparison:
    """Estimate how much better ``frame``'s recommendations are than ``other``'s.

    Both are measured on the events that are scored in both, with the same resampled sessions.

    Raises
    ------
    ParameterError
        If the two share no scored event, or a column is missing.
    """
    first, second = Lists(frame), Lists(other)
    counts = len(first.ids), len(second.ids)
    shared = first.ids.filter(first.ids.is_in(second.ids.implode()))
    if not len(shared):
        raise ParameterError.of(
            "a comparison of two runs that share no scored event",
            allowed="two runs over the same stream and overlapping spans",
            hint="replay both over the same span",
        )
    first.part(shared)
    second.part(shared)
    session, sessions = metrics.codes(first.rows.filter(pl.Series(first.scored))["session"])
    one = np.zeros_like(session)
    totals = [
        Totals((values for _, values in _quantities(lists)), session, one, 1)
        for lists in (first, second)
    ]
    statistics = [lambda weights, t=t: _means(t(weights), _COLUMNS, _OWN) for t in totals]
    estimates = difference(
        statistics[0], statistics[1], len(sessions), replicates=replicates, seed=seed
    )
    differences = dict(zip(_OWN, estimates, strict=True))
    del differences["truly_out"]
    return Comparison(
        differences,
        MEASURES,
        n=len(shared),
        unshared=counts[0] + counts[1] - 2 * len(shared),
    )


def gini(counts: Indices) -> float:
    """Return the Gini coefficient of counts: 0 where all are equal; ``NaN`` where all are 0.

    Examples
    --------
    >>> gini(np.array([5, 5, 5, 5])), gini(np.array([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    n, total = len(counts), int(counts.sum())
    if not total:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ np.sort(counts) / (n * total))


def _quantities(lists: Lists, truth: Truth | None = None) -> Iterator[tuple[str, Floats | Indices]]:
    """Yield the quantities of :data:`_COLUMNS` for each scored event, one after the other."""
    n = int(lists.scored.sum())
    yield "events", np.ones(n)
    yield "slots", lists.slots()
    yield from lists.gains()
    yield "novelty", lists.surprise()
    yield "known_out", lists.known_out()
    yield "truly_out", np.zeros(n) if truth is None else truly_out(lists, truth)


def _means(totals: Floats, columns: Sequence[str], names: Sequence[str]) -> Floats:
    """Return metrics of each part from the sums of its columns: by metric, then by part."""
    found = np.empty((len(names), len(totals)))
    for row, name in zip(found, names, strict=True):
        per = totals[:, columns.index("slots" if name in PER_SLOT else "events")]
        row[:] = metrics.ratio(totals[:, columns.index(name)], per)
    return found.ravel()


def _all_together(lists: Lists) -> dict[str, float]:
    """Return what is a property of all scored events' lists together."""
    shown, events = lists.shown(), int(lists.scored.sum())
    pairs = events * (events - 1)
    common = float((shown * (shown - 1.0)).sum()) / pairs / SLOTS if pairs else float("nan")
    return {
        "coverage": float((shown > 0).mean()) if events else float("nan"),
        "diversity": 1 - common,
        "gini": gini(shown),
    }


def _table(
    parts: pl.Series,
    counted: Sequence[str],
    sums: Floats,
    names: Sequence[str],
    estimates: Sequence[Estimate],
) -> pl.DataFrame:
    """Return counts and the named metrics with their limits, one row a part."""
    return parts.to_frame().with_columns(
        *(
            pl.Series(name, sums[:, counted.index(of)].astype(np.int64))
            for name, of in (("events", "events"), ("positives", "hit_rate"))
        ),
        *columns(names, estimates),
    )
