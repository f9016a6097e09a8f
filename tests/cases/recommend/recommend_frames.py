"""Small evaluation frames for the tests of the recommend case's evaluation."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

START = datetime(2025, 3, 3, tzinfo=UTC)
SCHEMA = {
    "event_id": pl.String,
    "event_time": pl.Datetime("us", "UTC"),
    "items": pl.List(pl.String),
    "label": pl.Int8,
    "known_at": pl.Datetime("us", "UTC"),
    "session": pl.String,
    "visitor": pl.String,
    "item": pl.String,
    "kind": pl.String,
    "quantity": pl.Int64,
    "price": pl.Int64,
    "on_hand": pl.Int64,
}


def written(*rows, step=timedelta(minutes=30)):
    """Return a frame of rows ``(session, item, items, visitor, kind)``, one each half hour.

    ``items`` is text with one letter an item. A row ``(None, item, on_hand)`` is a stock level.
    """
    table = []
    for i, (session, item, *rest) in enumerate(rows):
        row = dict.fromkeys(SCHEMA)
        row |= {"event_id": f"{i:05d}", "event_time": START + i * step, "item": item, "items": []}
        if session is None:
            row |= {"kind": "stock", "on_hand": rest[0]}
        else:
            items, visitor, kind = (*rest, *(None, "view")[len(rest) - 1 :])
            row |= {"session": session, "items": None if items is None else list(items)}
            row |= {"visitor": visitor, "kind": kind}
        table.append(row)
    return pl.DataFrame(table, schema=SCHEMA)


def random(n=1500, sessions=120, catalogue=60, seed=0, skill=0.3):
    """Return a frame of random lists that hold the event's item with a chance of ``skill``."""
    rng = np.random.default_rng(seed)
    items = [f"item-{i}" for i in range(catalogue)]
    lists = [rng.permutation(catalogue)[:20] for _ in range(n)]
    chosen = [
        int(row[int(rng.integers(20) ** 2 / 20)]) if rng.random() < skill else int(rng.integers(60))
        for row in lists
    ]
    session = np.sort(rng.integers(0, sessions, n) + rng.integers(0, 3, n))
    known = rng.random(sessions + 3) < 0.6
    frame = pl.DataFrame(
        {
            "event_id": [f"{i:05d}" for i in range(n)],
            "event_time": [START + timedelta(minutes=20 * i) for i in range(n)],
            "items": [[items[i] for i in row] for row in lists],
            "session": [f"s{s}" for s in session],
            "visitor": [f"v{s % 40}" if known[s] else None for s in session],
            "item": [items[i] for i in chosen],
            "kind": rng.choice(["view", "view", "cart", "purchase"], n),
        }
    )
    empty = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items()]
    absent = [c for c, name in zip(empty, SCHEMA, strict=True) if name not in frame.columns]
    return frame.with_columns(absent).select(*SCHEMA)
