"""What a report on recommendations says in sentences and small tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.cases.recommend.sample import SLOTS, Lists
from workbench.style import percent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from workbench.replay.estimates import Estimate
    from workbench.replay.evaluation import Comparison, Evaluation


def headline(evaluation: Evaluation) -> str:
    """Say how often the next item was among those shown."""
    hits, mrr, days = evaluation["hit_rate"], evaluation["mrr"], evaluation.by_day["day"]
    out = evaluation["known_out"].value
    known = "None of them was" if not out else f"{percent(out)} of all slots were"
    return (
        f"From {days[0]:%d %B %Y} to {days[-1]:%d %B %Y}, {percent(hits.value)} of "
        f"{evaluation.n:,} next items stood among the {SLOTS} that were recommended "
        f"(95 % interval {_interval(hits)}); MRR is {mrr.value:.3f}. {known} known to be out of "
        "stock."
    )


def against(name: str, comparison: Comparison) -> str:
    """Say how much better a run is than a baseline, and whether that is certain."""
    gain, hits = comparison["ndcg"], comparison["hit_rate"]
    certain = {
        "better": "certainly better",
        "worse": "certainly worse",
        "not certain": "not certainly different",
    }[comparison.verdict("ndcg")]
    return (
        f"Against {name}: {certain}. NDCG {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]; "
        f"the hit rate changes by {100 * hits.value:+.1f} points "
        f"[{100 * hits.low:+.1f}, {100 * hits.high:+.1f}]."
    )


def weak_points(evaluation: Evaluation) -> str:
    """Say for which events the next item is foreseen least and best."""
    table = evaluation.by_pattern
    if table.is_empty():
        return "Nothing was scored in this span."
    table = table.sort("hit_rate", "pattern")
    worst, best = table.row(0, named=True), table.row(-1, named=True)
    return (
        f"Hardest are {worst['pattern']}: the hit rate is {percent(worst['hit_rate'])} over "
        f"{worst['events']:,} events. Easiest are {best['pattern']}: "
        f"{percent(best['hit_rate'])} over {best['events']:,}."
    )


def most_missed(
    frame: pl.DataFrame,
    titles: Mapping[str, str] | None = None,
    *,
    since: datetime | None = None,
    limit: int = 10,
) -> pl.DataFrame:
    """Return the items that were chosen most often without being recommended.

    Parameters
    ----------
    frame
        An evaluation frame.
    titles
        What items are called.
    since
        Events before it do not count.
    limit
        The most rows.

    Returns
    -------
    polars.DataFrame
        ``item``, ``title`` (its id where it has none), ``chosen``, ``missed`` and ``hit_rate``.
    """
    lists = Lists(frame, since)
    chosen = lists.chosen[lists.scored]
    hit = lists.places()[lists.scored] < SLOTS
    counts = np.bincount(chosen, minlength=len(lists.texts))
    missed = np.bincount(chosen[~hit], minlength=len(lists.texts))
    called = titles or {}
    return (
        pl.DataFrame(
            {
                "item": pl.Series(lists.texts, dtype=pl.String),
                "title": pl.Series([called.get(i, i) for i in lists.texts], dtype=pl.String),
                "chosen": counts,
                "missed": missed,
            }
        )
        .filter(pl.col("missed") > 0)
        .sort(["missed", "item"], descending=[True, False])
        .head(limit)
        .with_columns((1 - pl.col("missed") / pl.col("chosen")).alias("hit_rate"))
    )


def in_stock(evaluation: Evaluation) -> str:
    """Say what of the slots was out of stock, and what lost sales could have been saved."""
    if "truly_out" not in evaluation.overall:
        return "What was truly in stock is not known of this stream."
    out, saved = evaluation["truly_out"], evaluation["saved"]
    text = (
        f"{percent(out.value)} of the slots held an item that was truly sold out "
        f"(95 % interval {_interval(out)}): it sold out before anybody knew."
    )
    if np.isnan(saved.value):
        return f"{text} Nothing was lost because an item was sold out."
    return (
        f"{text} Of the pieces that were lost because an item was sold out, the list shown before "
        f"held a variant in stock for {percent(saved.value)} ({_interval(saved)})."
    )


def foreseen(evaluation: Evaluation) -> str:
    """Say how well alerts foresaw sell-outs, see :mod:`workbench.cases.recommend.foresight`."""
    precision, recall = evaluation["precision"], evaluation["recall"]
    days, ahead = evaluation.settings["days"], evaluation.settings["ahead"]
    return (
        f"{evaluation.n:,} alerts; {percent(precision.value)} of their items were sold out within "
        f"{days:g} days (95 % interval {_interval(precision)}), "
        f"{percent(evaluation['right'].value)} would have been but for a delivery. Of "
        f"{evaluation.positives:,} sell-outs, {percent(recall.value)} were foreseen {ahead:g} days "
        f"ahead ({_interval(recall)}), half of all {evaluation['lead_days'].value:.1f} days or "
        "more."
    )


def limits(counts: Mapping[str, int]) -> str:
    """Say what of a replay was not learned or is forgotten, from the counts of its run.

    Examples
    --------
    >>> limits({"sessions that were capped": 1, "events of capped sessions": 8976})
    'Too long to learn from to their end: 1 sessions; 8,976 of their events were only answered.'
    """
    said = []
    if sessions := counts.get("sessions that were capped", 0):
        events = counts["events of capped sessions"]
        said.append(
            f"Too long to learn from to their end: {sessions:,} sessions; {events:,} of their "
            "events were only answered."
        )
    ending = " forgotten"
    gone = [
        f"{count:,} {name.removesuffix(ending)}"
        for name, count in counts.items()
        if name.endswith(ending) and count
    ]
    if gone:
        said.append(f"Forgotten for want of room, the oldest first: {', '.join(gone)}.")
    return " ".join(said) or "Every session was learned to its end, and nothing was forgotten."


def sides(evaluations: Mapping[str, Evaluation]) -> str:
    """Say which of several recommenders ranks the next item best."""
    order = sorted(evaluations.items(), key=lambda pair: pair[1]["ndcg"].value, reverse=True)
    (best, first), (second, other) = order[:2]
    return (
        f"{best} ranks the next item best: NDCG {first['ndcg']}, before {second} with "
        f"{other['ndcg']}."
    )


def _interval(estimate: Estimate) -> str:
    low, high = (f"{100 * limit:.1f}\u00a0%" for limit in (estimate.low, estimate.high))
    return f"{low} to {high}"
