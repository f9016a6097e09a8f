"""Vital signs and a logistic regression, written the way River's documentation has it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import polars as pl
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

from benchmarks.vitals_data import Watch
from workbench.cases.vitals.features import LABS, SIGNS

if TYPE_CHECKING:
    from workbench.replay.estimates import Floats
    from workbench.streams.recorded import Stream

CONTEXT: Final = ("age", "hospital_admission", "stay_hour", "sex")


class Lowest(stats.RollingMin):
    """The lowest of the last rows, which are hours; ``Agg`` hands the time over, too."""

    def update(self, x: float, t: dt.datetime | None = None) -> None:
        """Take a value in."""
        del t
        super().update(x)

    def get(self) -> float:
        """Return it; 0 before the first row."""
        return super().get() or 0.0


class Highest(stats.RollingMax):
    """The highest of the last rows."""

    def update(self, x: float, t: dt.datetime | None = None) -> None:
        """Take a value in."""
        del t
        super().update(x)

    def get(self) -> float:
        """Return it; 0 before the first row."""
        return super().get() or 0.0


def model() -> Any:
    """Return a pipeline: what River can say of a patient's signs, a scaler, logistic regression.

    These are 94 of the 283 features that the shipped detector reads: River has no ages, slopes,
    baselines and scores, and no bins.
    """
    aggregates: Any = compose.Select(*SIGNS, *CONTEXT)
    for sign in SIGNS:
        hows: list[Any] = [
            utils.TimeRolling(how(), period=dt.timedelta(hours=hours))
            for how in (stats.Mean, stats.Var)
            for hours in (6, 12)
        ]
        hows += [how(rows) for how in (Lowest, Highest) for rows in (12, 24)]
        for how in hows:
            aggregates += feature_extraction.Agg(on=sign, by="patient", how=how)
    for lab in LABS:
        # A rolling count is a rolling sum of ones: stats.Count cannot be rolled in River 0.26.
        day = utils.TimeRolling(stats.Sum(), period=dt.timedelta(hours=24))
        aggregates += feature_extraction.Agg(on=f"{lab}_measured", by="patient", how=day)
    classifier = linear_model.LogisticRegression(optim.AdaGrad(0.003))
    return aggregates | preprocessing.StandardScaler() | classifier


def dataset(stream: Stream, count: int) -> list[tuple[dict[str, Any], bool, dict[str, Any]]]:
    """Return the first observations as River takes them; what is missing is filled in before."""
    rows = next(iter(stream.batches(count)))
    labels = pl.concat(list(stream.labels()))
    rows = rows.join(labels, on="event_id", how="left", maintain_order="left")
    measured = [pl.col(lab).is_not_null().cast(pl.Int8).alias(f"{lab}_measured") for lab in LABS]
    filled = pl.col(*SIGNS, *CONTEXT).forward_fill().over("patient").fill_null(0)
    naive = pl.col("event_time", "known_at").dt.replace_time_zone(None)
    events = []
    for row in rows.with_columns(*measured).with_columns(filled, naive).iter_rows(named=True):
        row["moment"], row["wait"] = row["event_time"], row["known_at"] - row["event_time"]
        events.append((row, bool(row["label"]), {"t": row["event_time"]}))
    return events


def documented_way(stream: Stream, count: int) -> Floats:
    """Time one ``progressive_val_score`` with labels at the end of each stay, as a watch does."""
    events: Any = dataset(stream, count)
    pipeline, metric = model(), metrics.ROCAUC()
    watch = Watch()
    evaluate.progressive_val_score(events, pipeline, metric, moment="moment", delay="wait")
    return watch.seconds
