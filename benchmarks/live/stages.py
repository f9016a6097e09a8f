"""The worker's process with a clock at each stage, which says where its time goes.

``python -m benchmarks.live.stages FILE OPTIONS`` works as ``workbench.live.process OPTIONS`` does
and then writes to the file how many microseconds of an event each stage has taken, from the first
transaction to the last one.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson
from kafka import KafkaProducer

from workbench.durations import SECOND
from workbench.live import worker
from workbench.live.account import Account
from workbench.live.checkpoints import Checkpoints
from workbench.live.intake import Intake
from workbench.live.lane import Lane
from workbench.live.merge import Merger
from workbench.live.outbox import Outbox
from workbench.live.process import main
from workbench.live.source import Source
from workbench.replay.path import Path as EventPath

COMMITTING = ("flush", "send_offsets_to_transaction", "commit_transaction")
#: What is measured: where it is, its names, and what it is called.
STAGES: tuple[tuple[Any, tuple[str, ...], str], ...] = (
    (Source, ("poll",), "poll: kafka-python unpacks records"),
    (Intake, ("read",), "events and labels read and checked"),
    (Merger, ("events", "labels", "release", "late"), "merged into the one order"),
    (EventPath, ("process",), "features, scores, learning"),
    (Lane, ("process",), "alerts and their reasons"),
    (worker, ("encode_answers",), "scores written as JSON"),
    (Outbox, ("_send",), "kafka-python's send"),
    (KafkaProducer, COMMITTING, "waits for the brokers to commit"),
    (Source, ("look",), "asks the brokers for the ends of partitions"),
    (Account, ("came", "scored"), "telemetry"),
    (Checkpoints, ("save",), "checkpoints"),
)
OTHER = "all else"


class Clock:
    """Counts the time that each stage takes for itself, in the thread of the worker."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._inner = [0.0]
        self._scores = 0
        self._began = 0.0
        self._at_last: dict[str, float] = {}

    def watch(self, owner: Any, name: str, stage: str) -> None:
        """Measure a function from now on."""
        call = getattr(owner, name)

        @functools.wraps(call)
        def watched(*arguments: Any, **named: Any) -> Any:
            if threading.current_thread() is not threading.main_thread():
                return call(*arguments, **named)
            began = time.perf_counter()
            self._inner.append(0.0)
            answer = call(*arguments, **named)
            seconds = time.perf_counter() - began
            self.spent[stage] += seconds - self._inner.pop()
            self._inner[-1] += seconds
            return answer

        setattr(owner, name, watched)

    def watch_transactions(self) -> None:
        """Let the time begin after the first transaction that has scores, and end with the last."""
        call = Account.committed

        @functools.wraps(call)
        def watched(account: Account, written: dict[str, int], *arguments: Any) -> None:
            if not self._began:
                self._began = time.perf_counter()
                self.spent.clear()
            elif written["scores"]:
                self._scores += written["scores"]
                self._at_last = defaultdict(float, self.spent) | {
                    OTHER: time.perf_counter() - self._began
                }
                self._at_last[OTHER] -= sum(self.spent.values())
            call(account, written, *arguments)

        setattr(Account, "committed", watched)  # noqa: B010 - as for every other stage

    def table(self) -> dict[str, float]:
        """Return microseconds of a score by stage."""
        stages = [*dict.fromkeys(stage for *_, stage in STAGES), OTHER]
        return {stage: self._at_last[stage] / self._scores * SECOND for stage in stages}


def run(file: Path, options: dict[str, Any]) -> int:
    """Work with a clock and return the exit code."""
    clock = Clock()
    clock.watch_transactions()
    for owner, names, stage in STAGES:
        for name in names:
            clock.watch(owner, name, stage)
    code = main(options)
    file.write_bytes(orjson.dumps(clock.table()))
    return code


if __name__ == "__main__":
    code = run(Path(sys.argv[1]), orjson.loads(sys.argv[2]))
    os._exit(code)
