"""Small evaluation frames for the tests of the fraud case's evaluation."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

START = datetime(2025, 3, 3, tzinfo=UTC)
SCHEMA = {
    "event_id": pl.String,
    "event_time": pl.Datetime("us", "UTC"),
    "score": pl.Float64,
    "label": pl.Int8,
    "known_at": pl.Datetime("us", "UTC"),
    "card": pl.String,
    "terminal": pl.String,
    "amount": pl.Int64,
}


def written(*rows, delay_days=7.0):
    """Return a frame of rows ``(hour, card, score, label, amount)``, labels known later."""
    times = [START + timedelta(hours=hour) for hour, *_ in rows]
    return pl.DataFrame(
        {
            "event_id": [f"{i:04d}" for i in range(len(rows))],
            "event_time": times,
            "score": [row[2] for row in rows],
            "label": [row[3] for row in rows],
            "known_at": [t + timedelta(days=delay_days) for t in times],
            "card": [row[1] for row in rows],
            "terminal": ["t"] * len(rows),
            "amount": [row[4] if len(row) > 4 else 100 for row in rows],
        },
        schema=SCHEMA,
    )


def random(days=30, per_day=60, cards=25, seed=0, distinct_scores=40):
    """Return a random frame with ties, repeated frauds of a card, and two named patterns."""
    rng = np.random.default_rng(seed)
    n = days * per_day
    hours = np.sort(rng.random(n) * 24 * days)
    card = rng.integers(0, cards, n)
    label = (rng.random(n) < np.where(card < 5, 0.25, 0.03)).astype(int)
    score = np.clip(0.15 + 0.35 * label + rng.normal(0, 0.2, n), 0, 1)
    score = np.round(score * distinct_scores) / distinct_scores
    amount = rng.integers(100, 20_000, n)
    frame = written(
        *zip(hours.tolist(), [f"card-{c}" for c in card], score.tolist(), label.tolist(),
             amount.tolist(), strict=True)
    )  # fmt: skip
    pattern = np.where(label == 1, np.where(rng.random(n) < 0.7, "skimming", "theft"), None)
    return frame.with_columns(pl.Series("pattern", pattern.tolist(), pl.String))
