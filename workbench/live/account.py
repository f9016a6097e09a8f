"""What a worker tells telemetry of its work."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.durations import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workbench.live.lane import Outcome
    from workbench.live.messages import Event
    from workbench.live.outbox import Message
    from workbench.live.telemetry import Telemetry
    from workbench.live.topics import Topics
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
    topics
        The case's topics.
    """

    def __init__(self, telemetry: Telemetry, topics: Topics) -> None:
        self._telemetry = telemetry
        self._topics = topics
        #: Event time (µs) and the time at which the broker took it (ms).
        self._followed: deque[tuple[int, int]] = deque(maxlen=FOLLOWED)
        self._newest = 0

    def came(
        self,
        records: Mapping[Any, Sequence[Any]],
        events: Sequence[tuple[Any, int, Event]],
        written: Callable[[Any, int], bool],
    ) -> None:
        """Tell what was polled.

        Parameters
        ----------
        records
            Partition to records.
        events
            The good events among them, with partition and offset.
        written
            Whether a message's score was written by a predecessor.
        """
        self._telemetry.count("events", len(events))
        if not events:
            return
        self._newest = max(self._newest, max(event.time for _, _, event in events))
        for partition, offset, event in (events[0], events[-1]):
            if not written(partition, offset):
                batch = records[partition]
                near = batch if offset - batch[0].offset < len(batch) // 2 else reversed(batch)
                taken = next(record.timestamp for record in near if record.offset == offset)
                self._followed.append((event.time, taken))

    def scored(self, outcomes: Sequence[Outcome], delays: I64) -> None:
        """Tell the scores that count, and how late the labels were that came with them (µs)."""
        scores = [outcome.score["score"] for outcome in outcomes if "score" in outcome.score]
        self._telemetry.observe("score", np.array(scores, np.float64))
        self._telemetry.observe("label_delay_seconds", delays / SECOND)

    def committed(
        self, messages: Sequence[Message], passed: int, lags: Mapping[str, int], seconds: float
    ) -> None:
        """Tell what a transaction has brought.

        Parameters
        ----------
        messages
            What was written.
        passed
            Event time up to which everything is scored (µs).
        lags
            Messages that were not read yet, by topic.
        seconds
            How long the transaction took.
        """
        telemetry = self._telemetry
        telemetry.observe("transaction_seconds", seconds)
        for topic, name in (
            (self._topics.scores, "scores"),
            (self._topics.shadow, "shadow_scores"),
        ):
            telemetry.count(name, sum(message.topic == topic for message in messages))
        now = time.time()
        there = [taken / 1_000 for at, taken in self._followed if at <= passed]
        waiting = [one for one in self._followed if one[0] > passed]
        self._followed = deque(waiting, maxlen=FOLLOWED)
        telemetry.observe("score_latency_seconds", now - np.array(there))
        telemetry.gauge("watermark_seconds", passed / SECOND)
        telemetry.gauge("lag_event_seconds", max(0, self._newest - passed) / SECOND)
        for topic, lag in lags.items():
            telemetry.gauge("lag_offsets", lag, topic=topic)
