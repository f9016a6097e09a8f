"""What a simulated shop knows and a real one does not: true stock, and demand that was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from workbench.streams.schema import TIME

if TYPE_CHECKING:
    from workbench.streams.recorded import Stream

_TABLES: Final = {
    "lost": {
        "time": TIME,
        "session": pl.String(),
        "visitor": pl.String(),
        "item": pl.String(),
        "quantity": pl.Int64(),
        "reason": pl.String(),
    },
    "outages": {"item": pl.String(), "sold_out": TIME, "told": TIME, "back": TIME},
}


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


def truth_of(stream: Stream) -> Truth | None:
    """Return a stream's ground truth; ``None`` where it has none of this kind."""
    stock, articles = stream.truth_table("stock"), stream.truth_table("articles")
    if stock is None or articles is None:
        return None
    # A short stream may have lost nothing.
    none = {name: pl.DataFrame(schema=schema) for name, schema in _TABLES.items()}
    found = {name: stream.truth_table(name) for name in none}
    tables = {name: none[name] if table is None else table for name, table in found.items()}
    return Truth(stock, articles=articles, document=stream.truth or {}, **tables)
