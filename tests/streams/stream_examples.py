"""Small streams to try things on."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from workbench.durations import DAY, HOUR
from workbench.streams.schema import TIME

EPOCH = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


def payments(n: int, step: int = HOUR) -> pl.DataFrame:
    i = pl.int_range(n, eager=True)
    return pl.DataFrame(
        {
            "event_id": (i + 10_000_000).cast(pl.String),
            "event_time": (EPOCH + i * step).cast(TIME),
            "card": "c" + (i % 7).cast(pl.String),
            "terminal": "t" + (i % 3).cast(pl.String),
            "amount": (i * 37) % 1_000,
            "area": pl.repeat(None, n, dtype=pl.String, eager=True),
        }
    )


def labels_of(events: pl.DataFrame, delay: int = 7 * DAY) -> pl.DataFrame:
    """Every tenth payment is fraud; all are known after the delay."""
    i = pl.int_range(events.height, eager=True)
    return events.select(
        "event_id",
        label=(i % 10 == 0).cast(pl.Int8),
        known_at=(pl.col("event_time").to_physical() + delay).cast(TIME),
    )
