"""Observations of one patient, as the feature engine takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.cases.vitals.quantities import QUANTITIES, quantity
from workbench.cases.vitals.schema import SCHEMA
from workbench.durations import MINUTE
from workbench.features.engine import FeatureEngine
from workbench.streams.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.features.vocabulary import Feature

MEASURED = {q.name for q in QUANTITIES}


def observations(
    rows: Sequence[dict[str, Any]], *, every: int = 10 * MINUTE, device: str | None = "monitor"
) -> pl.DataFrame:
    """Rows of values in their own units, one after the other; ``after`` gives another pause."""
    columns: dict[str, list[Any]] = {c.name: [] for c in SCHEMA.columns}
    time, times = 0, []
    for number, row in enumerate(rows):
        time += row.get("after", every) if number else 0
        times.append(time)
        for column in SCHEMA.columns:
            value = row.get(column.name)
            if value is not None and column.name in MEASURED:
                value = quantity(column.name).stored(value)
            columns[column.name].append(value)
    columns["patient"] = [row.get("patient", "p") for row in rows]
    columns["device"] = [row.get("device", device) for row in rows]
    schema = {c.name: c.dtype for c in SCHEMA.columns}
    frame = pl.DataFrame(columns, schema=schema)
    return frame.with_columns(
        event_id=pl.Series(range(len(rows))).cast(pl.String).str.zfill(6),
        event_time=pl.Series(times, dtype=pl.Int64).cast(TIME),
    )


def computed(features: Sequence[Feature], events: pl.DataFrame) -> dict[str, np.ndarray]:
    """What each feature says of each observation."""
    engine = FeatureEngine(features, SCHEMA)
    X = engine.advance(events, np.full(events.height, -1))
    return dict(zip(engine.names, X.T, strict=True))
