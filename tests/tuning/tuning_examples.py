"""A small stream on which detectors differ."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.cases.fraud.schema import SCHEMA
from workbench.durations import DAY, HOUR
from workbench.streams.recorded import Stream
from workbench.streams.schema import TIME
from workbench.streams.writer import StreamWriter
from workbench.tuning.tune import tune

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.streams.encryption import Cipher
    from workbench.tuning.study import Study

EVENTS = 2_400
DAYS = 30
START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
#: Where the tuning span ends, by the 70 % rule.
SPLIT = START + 21 * DAY
DETECTORS = ("additive", "logistic")


def payments(seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and labels: frauds are large, and more frequent at three terminals."""
    random = np.random.default_rng(seed)
    time = np.sort(random.integers(0, DAYS * DAY, EVENTS)) + START
    time[[0, -1]] = START, START + DAYS * DAY - 1
    terminal = random.integers(0, 20, EVENTS)
    fraud = random.random(EVENTS) < np.where(terminal < 3, 0.3, 0.01)
    amount = random.lognormal(8, 0.5, EVENTS) * np.where(fraud, 2.5, 1)
    ids = [f"{i:06d}" for i in range(EVENTS)]
    events = pl.DataFrame(
        {
            "event_id": ids,
            "event_time": pl.Series(time).cast(TIME),
            "card": [f"c{c}" for c in random.integers(0, 30, EVENTS)],
            "terminal": [f"t{t}" for t in terminal],
            "amount": amount.astype(np.int64),
            "area": pl.repeat("A", EVENTS, eager=True),
        }
    )
    delay = random.integers(HOUR, 4 * DAY, EVENTS)
    labels = pl.DataFrame(
        {
            "event_id": ids,
            "label": pl.Series(fraud).cast(pl.Int8),
            "known_at": pl.Series(time + delay).cast(TIME),
        }
    ).sort("known_at", "event_id")
    return events, labels


def write(
    folder: Path, events: pl.DataFrame, labels: pl.DataFrame, cipher: Cipher | None = None
) -> Stream:
    with StreamWriter(folder, "fraud", SCHEMA, {"by": "a test"}, cipher) as writer:
        writer.events(events)
        writer.labels(labels)
    return Stream.open(folder)


def small_study(stream: Stream, out: Path, **options: Any) -> Study:
    # With this seed a trial is better than the defaults.
    return tune(stream, DETECTORS, **{"trials": 5, "seed": 8, "out": out, **options})


def decision(study: Study) -> tuple[Any, ...]:
    """Everything that a study found, without what the clock had a part in."""
    document = {k: v for k, v in study.document.items() if k not in {"seconds", "created"}}
    return document, study.trials.drop("seconds").to_dicts()


def stopped(after: int, how: Callable[[], None]) -> Callable[..., Any]:
    """Return a stand-in for ``judge`` that is stopped in the middle of a trial."""
    from workbench.tuning.trial import judge

    begun = 0

    def judged(*arguments: Any) -> Any:
        nonlocal begun
        begun += 1
        for step, value in enumerate(judge(*arguments)):
            if begun > after and step == 1:
                how()
            yield value

    return judged
