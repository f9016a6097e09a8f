"""What was truly out of stock when it was shown, and lost sales that a shown variant could save.

A shop does not know either: both need a simulated stream's truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.replay import metrics
from workbench.replay.estimates import Estimate, bootstrap

if TYPE_CHECKING:
    from workbench.cases.recommend.sample import Lists
    from workbench.cases.recommend.truth import Truth
    from workbench.replay.estimates import Floats, Weights
    from workbench.replay.ranking import Indices


def truly_out(lists: Lists, truth: Truth) -> Indices:
    """Return how many slots of each scored event held what was truly out of stock before it."""
    codes = {text: code for code, text in enumerate(lists.texts)}
    levels = truth.stock.sort("time", maintain_order=True)
    item = levels["item"].replace_strict(codes, default=-1, return_dtype=pl.Int32).to_numpy()
    known = item >= 0
    since = levels["time"].to_physical().to_numpy()[known]
    at = lists.rows["event_time"].to_physical().to_numpy()
    return lists.out_of_stock(at, since, item[known], (levels["on_hand"] == 0).to_numpy()[known])


def shown_instead(lists: Lists, truth: Truth) -> pl.DataFrame:
    """Return the demand that was lost because an item was sold out, and what was shown instead.

    Parameters
    ----------
    lists
        What was recommended.
    truth
        What was lost, and what was truly there.

    Returns
    -------
    polars.DataFrame
        ``time``, ``session``, ``item``, ``quantity`` of what was lost from the first scored
        event on, and ``instead``: an item of the same family that was truly in stock, in the
        list of the session's last event before; ``null`` where none was.
    """
    scored = lists.rows.filter(pl.Series(lists.scored))
    lost = (
        truth.lost.filter(
            pl.col("reason").str.starts_with("out"),
            pl.col("time") >= scored["event_time"].min(),
            pl.col("time") <= scored["event_time"].max(),
        )
        .select("time", "session", "item", "quantity")
        .sort("time", maintain_order=True)
        .with_row_index("number")
    )
    rows = lists.rows.select("event_time", pl.col("session").cast(pl.String)).with_row_index("row")
    rows = rows.filter(pl.Series(lists.interaction))
    last = lost.join_asof(
        rows, left_on="time", right_on="event_time", by="session", check_sortedness=False
    ).drop_nulls("row")
    # What was shown, one row a slot.
    slots = lists.lists[last["row"].to_numpy()]
    place, slot = np.nonzero(slots >= 0)
    texts = pl.Series(lists.texts, dtype=pl.String)
    shown = last[place].with_columns(texts.gather(slots[place, slot]).alias("instead"))
    family = truth.articles.select("item", "family")
    shown = (
        shown.join(family, on="item", maintain_order="left")
        .join(family.rename({"item": "instead"}), on=("instead", "family"), maintain_order="left")
        .filter(pl.col("item") != pl.col("instead"))
    )
    level = truth.stock.sort("time", maintain_order=True).rename({"item": "instead"})
    there = shown.join_asof(level, on="time", by="instead", check_sortedness=False)
    there = there.filter(pl.col("on_hand") > 0).unique("number", keep="first", maintain_order=True)
    return lost.join(
        there.select("number", "instead"), on="number", how="left", maintain_order="left"
    ).drop("number")


def saved(lists: Lists, truth: Truth, *, replicates: int = 200, seed: int = 0) -> Estimate:
    """Return the share of the lost pieces for which a variant in stock was shown.

    The interval resamples the sessions that lost something.
    """
    if not lists.scored.any():
        return Estimate(float("nan"))
    lost = shown_instead(lists, truth)
    session, sessions = metrics.codes(lost["session"])
    pieces = np.bincount(session, lost["quantity"].to_numpy(), len(sessions))
    helped = lost["instead"].is_not_null().to_numpy()
    kept = np.bincount(session[helped], lost["quantity"].to_numpy()[helped], len(sessions))

    def statistic(weights: Weights) -> Floats:
        return metrics.ratio(np.array([kept @ weights]), np.array([pieces @ weights]))

    return bootstrap(statistic, len(sessions), replicates=replicates, seed=seed)[0]
