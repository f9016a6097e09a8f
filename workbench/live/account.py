"""What a worker tells telemetry of its work."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.durations import SECOND
from workbench.live.order import ticks
from workbench.streams.schema import EVENT_TIME
from workbench.streams.values import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from workbench.live.entry import Came
    from workbench.live.telemetry import Telemetry
    from workbench.replay.path import I64

#: The most events whose way is followed at the same time.
FOLLOWED = 10_000


class Account:
    """Follows some events from the broker to their committed score, and counts the others.

    Of each poll the first and the last event are followed, by the times at which the broker took
    them: the one that has waited longest, and the newest.

    Parameters
    ----------
    telemetry
        What is told.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        #: Event time and the time at which the broker took it (µs).
        self._followed: deque[tuple[int, int]] = deque(maxlen=FOLLOWED)
        self._newest = 0

    def came(self, came: Came, written: Callable[[Any, int], bool]) -> None:
        """Tell what was polled.

        Parameters
        ----------
        came
            What came.
        written
            Whether a message's score was written by a predecessor.
        """
        events = came.events
        self._telemetry.count("events", sum(map(len, events)))
        self._telemetry.count("labels", sum(map(len, came.labels)))
        self._telemetry.count("duplicates", came.duplicates)
        if not events:
            return
        times = [ticks(batch.frame[EVENT_TIME]) for batch in events]
        self._newest = max(self._newest, *(int(time.max()) for time in times))
        for at in (0, -1):
            batch, taken = events[at], int(events[at].written[at])
            if taken < LATEST and not written(batch.place, int(batch.offsets[at])):
                self._followed.append((int(times[at][at]), taken))

    def scored(self, answers: pl.DataFrame, delays: I64) -> None:
        """Tell the answers that count, and how late the labels were that came with them (µs)."""
        if "score" in answers.columns:
            self._telemetry.observe("score", answers["score"].to_numpy())
        self._telemetry.observe("label_delay_seconds", delays / SECOND)

    def committed(
        self, written: Mapping[str, int], passed: int, lags: Mapping[str, int], seconds: float
    ) -> None:
        """Tell what a transaction has brought.

        Parameters
        ----------
        written
            How many scores and shadow scores were written, by metric.
        passed
            Event time up to which everything is scored (µs).
        lags
            Messages that were not read yet, by topic.
        seconds
            How long the transaction took.
        """
        telemetry = self._telemetry
        telemetry.observe("transaction_seconds", seconds)
        for name, count in written.items():
            telemetry.count(name, count)
        now = time.time()
        there = [taken / SECOND for at, taken in self._followed if at <= passed]
        waiting = [one for one in self._followed if one[0] > passed]
        self._followed = deque(waiting, maxlen=FOLLOWED)
        telemetry.observe("score_latency_seconds", now - np.array(there))
        telemetry.gauge("watermark_seconds", passed / SECOND)
        telemetry.gauge("lag_event_seconds", max(0, self._newest - passed) / SECOND)
        for topic, lag in lags.items():
            telemetry.gauge("lag_offsets", lag, topic=topic)
