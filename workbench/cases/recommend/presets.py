"""Clicks, purchases and ratings of others: which of their columns is which of ours."""

from __future__ import annotations

import numpy as np
import polars as pl

from workbench.streams import values
from workbench.streams.mapping import ANY, FieldSource, Mapping, TimeSource
from workbench.streams.preset import Preset
from workbench.streams.schema import EVENT_TIME
from workbench.streams.validation import SOURCE_ROW

SEED = 7
"""Of the order of lines inside an invoice."""
BEST = 5
"""The rating that counts as an interaction."""

_TIME = TimeSource(column="ts", format=ANY)


def shuffled(lines: pl.DataFrame) -> pl.DataFrame:
    """Give lines of one time an order that says nothing, invoice by invoice.

    The order of an invoice's lines in the file is an artefact (sorted by place in the warehouse,
    by article, …) that a model could learn. Lines of one time keep their invoices together, in
    the order of the invoices' first lines; an invoice's own lines are shuffled. The k-th line
    then happens k microseconds later. Where a line goes depends on no line of another time, nor
    on lines that were refused.

    Parameters
    ----------
    lines
        ``source_row``, ``event_time`` and ``session``, and any other columns.

    Returns
    -------
    polars.DataFrame
        The same columns, in the new order.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> lines = pl.DataFrame({"source_row": range(5), "session": ["b", "a", "b", "b", "a"],
    ...                       "event_time": [datetime(2011, 1, 1, tzinfo=UTC)] * 5})
    >>> shuffled(lines).select(pl.col("source_row"), pl.col("session"),
    ...                        pl.col("event_time").dt.microsecond()).rows()
    [(3, 'b', 0), (0, 'b', 1), (2, 'b', 2), (4, 'a', 3), (1, 'a', 4)]
    """
    if not lines.height:
        return lines
    numbers = lines[SOURCE_ROW].to_numpy()
    draws = np.random.default_rng(SEED).random(int(numbers.max()) + 1)[numbers]
    ordered = lines.with_columns(
        pl.col(SOURCE_ROW).min().over(EVENT_TIME, "session").alias("_first"),
        pl.Series("_draw", draws),
    ).sort(EVENT_TIME, "_first", "_draw", SOURCE_ROW)
    later = pl.duration(microseconds=pl.int_range(pl.len()).over(EVENT_TIME), time_unit="us")
    return ordered.select(lines.columns).with_columns(pl.col(EVENT_TIME) + later)


def not_best(raw: pl.DataFrame) -> dict[str, pl.Series]:
    """Say which ratings are none, or not the best."""
    given = raw["rating"] if "rating" in raw.columns else pl.Series("rating", [None] * raw.height)
    rating, problems = values.real(given)
    return {
        **{f"rating: {what}": where for what, where in problems.items()},
        "rating: missing": rating.is_null(),
        f"rating: below {BEST}": rating < BEST,
        f"rating: above {BEST}": rating > BEST,
    }


ONLINE_RETAIL = Preset(
    Mapping(
        event_time=_TIME,
        columns={
            "session": FieldSource(column="InvoiceNo", whole=True),
            "visitor": FieldSource(column="CustomerID", whole=True),
            "item": FieldSource(column="StockCode"),
            "kind": FieldSource(value="purchase"),
            "quantity": FieldSource(column="Quantity"),
            # Four of 541,909 lines cost a tenth of a penny; they are purchases all the same.
            "price": FieldSource(column="UnitPrice", scale=100, round=True),
            "title": FieldSource(column="Description", optional=True),
        },
        ignore=("Country",),
    ),
    arrange=shuffled,
)
"""Invoice lines of a British wholesaler of gifts (Chen, Sain, Guo 2012; UCI 352, Online Retail).

A guest has no ``CustomerID``. Cancellations and corrections (a quantity below 1, a negative
price) go to quarantine. See :func:`shuffled` for the order of an invoice's lines.
"""

YOOCHOOSE = Mapping(
    event_time=_TIME,
    columns={
        "session": FieldSource(column="session", whole=True),
        "item": FieldSource(column="item", whole=True),
        "kind": FieldSource(value="view"),
    },
)
"""Clicks of the RecSys Challenge 2015 (Ben-Shimon et al.) as ``session``, ``item``, ``ts``."""

MOVIELENS = Preset(
    Mapping(
        event_time=_TIME,
        columns={
            "session": FieldSource(column="user", whole=True),
            "visitor": FieldSource(column="user", whole=True),
            "item": FieldSource(column="item", whole=True),
            "kind": FieldSource(value="view"),
        },
        ignore=("rating",),
    ),
    refuse=not_best,
)
"""Ratings of films (Harper and Konstan, 2015) as ``user``, ``item``, ``rating``, ``ts``.

Only ratings of 5 are events. A user is one session, however long.
"""
