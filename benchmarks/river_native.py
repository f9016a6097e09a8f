"""A detector written the way River's documentation has it."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from river import (
    compose,
    evaluate,
    feature_extraction,
    linear_model,
    metrics,
    optim,
    preprocessing,
    stats,
    utils,
)

if TYPE_CHECKING:
    import polars as pl

DELAY = dt.timedelta(days=7)
WINDOWS = (1, 7, 30)


def model(classifier: Any = None) -> Any:
    """Return a pipeline: window aggregates by card and terminal, a scaler, a classifier."""
    aggregates = compose.Select("amount", "weekend", "night")
    for days in WINDOWS:
        period = dt.timedelta(days=days)
        # A rolling count is a rolling sum of ones: stats.Count cannot be rolled in River 0.26.
        for on, by, how in (
            ("one", "card", stats.Sum()),
            ("amount", "card", stats.Mean()),
            ("one", "terminal", stats.Sum()),
        ):
            aggregates += feature_extraction.Agg(
                on=on, by=by, how=utils.TimeRolling(how, period=period)
            )
    if classifier is None:
        classifier = linear_model.LogisticRegression(optim.SGD(0.01))
    return aggregates | preprocessing.StandardScaler() | classifier


def dataset(
    rows: pl.DataFrame, labels: list[int]
) -> list[tuple[dict[str, Any], bool, dict[str, Any]]]:
    """Return events as River takes them."""
    events = []
    columns = (rows["event_time"], rows["card"], rows["terminal"], rows["amount"])
    for (time_, card, terminal, amount), label in zip(
        zip(*(column.to_list() for column in columns), strict=True), labels, strict=True
    ):
        naive = time_.replace(tzinfo=None)
        x = {
            "moment": naive,
            "card": card,
            "terminal": terminal,
            "amount": amount,
            "one": 1,
            "weekend": int(naive.weekday() >= 5),
            "night": int(naive.hour <= 6),
        }
        events.append((x, bool(label), {"t": naive}))
    return events


def documented_way(rows: pl.DataFrame, labels: list[int], classifier: Any = None) -> float:
    """Return the seconds of one ``progressive_val_score`` with delayed labels."""
    events = dataset(rows, labels)
    pipeline = model(classifier)
    begin = time.perf_counter()
    evaluate.progressive_val_score(events, pipeline, metrics.ROCAUC(), moment="moment", delay=DELAY)
    return time.perf_counter() - begin
