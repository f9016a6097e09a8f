"""Small evaluation frames for the tests of the vitals case's evaluation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from workbench.streams.schema import TIME

START = datetime(2025, 3, 3, tzinfo=UTC)
SCHEMA = {
    "event_id": pl.String,
    "event_time": TIME,
    "score": pl.Float64,
    "label": pl.Int8,
    "known_at": TIME,
    "patient": pl.String,
    "ward": pl.String,
    "care_unit": pl.Int64,
    "stay_hour": pl.Int64,
    "pattern": pl.String,
}


def written(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return a frame of rows with ``hour`` and ``patient``; labels are known by ``known`` hours."""
    made = [
        {
            "event_id": f"{number:05d}",
            "event_time": START + timedelta(hours=row["hour"]),
            "score": row.get("score", 0.0),
            "label": row.get("label", 0),
            "known_at": None
            if row.get("known", 1000) is None
            else START + timedelta(hours=row.get("known", 1000)),
            **{k: row.get(k) for k in ("patient", "ward", "care_unit", "stay_hour", "pattern")},
        }
        for number, row in enumerate(rows)
    ]
    return pl.DataFrame(made, schema=SCHEMA, orient="row")


def stay(
    patient: str,
    begin: float,
    scores: list[float],
    onset: int | None = None,
    **columns: Any,
) -> list[dict[str, Any]]:
    """Return an observation an hour; labels turn 1 six hours before ``onset``, from 0."""
    end = begin + len(scores) - 1
    return [
        {
            "hour": begin + h,
            "patient": patient,
            "score": score,
            "label": int(onset is not None and h >= onset - 6),
            "known": end,
            **columns,
        }
        for h, score in enumerate(scores)
    ]


def random(patients: int = 60, days: float = 12, seed: int = 0, levels: int = 30) -> pl.DataFrame:
    """Return a random frame: ties, hours with several observations and none, labels missing."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(patients):
        begin, hours = rng.uniform(0, 24 * days - 40), int(rng.integers(4, 60))
        onset = int(rng.integers(2, hours + 4)) if rng.random() < 0.35 else None
        ward = ("north", "south", None)[int(rng.integers(3))]
        labelled = rng.random() < 0.95
        for h in np.sort(rng.uniform(0, hours, int(hours * rng.uniform(0.5, 2)) + 1)):
            near = 0.0 if onset is None else max(0.0, 1 - abs(h - onset) / 14)
            late = onset is not None and h > onset + 5
            pattern = "motion" if rng.random() < 0.05 else "sepsis" if near > 0.5 else None
            rows.append(
                {
                    "hour": round(begin + h, 4),
                    "patient": f"p{number:02d}",
                    "score": round(levels * min(1, max(0, rng.normal(0.35 + near / 2, 0.2))))
                    / levels
                    if rng.random() < 0.98
                    else None,
                    "label": None
                    if late or not labelled
                    else int(onset is not None and h >= onset - 6),
                    "known": begin + hours + (0 if rng.random() < 0.97 else -5),
                    "stay_hour": int(h) + 1 if rng.random() < 0.9 else None,
                    "ward": ward,
                    "care_unit": 1 + number % 2,
                    "pattern": pattern,
                }
            )
    return written(*rows).sort("event_time", "event_id")
