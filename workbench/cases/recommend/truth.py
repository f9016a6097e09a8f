"""What a simulated shop knows and a real one does not: true stock, and demand that was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import polars as pl

if TYPE_CHECKING:
    from workbench.streams.recorded import Stream


@dataclass(frozen=True)
class Truth:
    """The ground truth of a simulated stream, as its simulator wrote it.

    Parameters
    ----------
    stock
        ``time``, ``item``, ``on_hand``: each change of the true stock level, in order of time.
    lost
        ``time``, ``session``, ``visitor``, ``item``, ``quantity``, ``reason``: what would have
        been bought, and was not, because the item was out or shown so.
    outages
        ``item``, ``sold_out``, ``told`` and ``back``: spells in which nothing was left.
    articles
        ``item``, ``title``, ``department``, ``family`` and more of each item.
    document
        ``truth.json``: what changed when.
    """

    stock: pl.DataFrame
    lost: pl.DataFrame
    outages: pl.DataFrame
    articles: pl.DataFrame
    document: dict[str, Any]

    @classmethod
    def of(cls, stream: Stream) -> Self | None:
        """Return a stream's ground truth; ``None`` where it has none of this kind."""
        tables = [stream.truth_table(name) for name in ("stock", "lost", "outages", "articles")]
        if any(table is None for table in tables):
            return None
        stock, lost, outages, articles = (table for table in tables if table is not None)
        return cls(stock, lost, outages, articles, stream.truth or {})

    def demand(self) -> pl.DataFrame:
        """Return what was wanted: ``time``, ``item`` and ``wanted``, its running sum by item.

        Wanted is what left the shop (each fall of the true level) and what was lost.
        """
        fall = (-pl.col("on_hand").diff().over("item")).clip(lower_bound=0)
        left = self.stock.sort("time", maintain_order=True).select(
            "time", "item", fall.fill_null(0).alias("pieces")
        )
        lost = self.lost.select("time", "item", pl.col("quantity").alias("pieces"))
        return (
            pl.concat([left, lost])
            .sort("time", maintain_order=True)
            .select("time", "item", pl.col("pieces").cum_sum().over("item").alias("wanted"))
        )
