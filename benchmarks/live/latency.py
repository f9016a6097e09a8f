"""From produce to committed score, at a thousand events a second."""

from __future__ import annotations

import secrets
import shutil
import time
from typing import Any

import numpy as np
import orjson

from benchmarks.data import table
from benchmarks.live.common import FOLDER, STREAM, artifact, read, settings_of, start, worker
from workbench.live import clients
from workbench.live.fields import spell
from workbench.live.services import Services
from workbench.live.topics import Topics, create

SECONDS = 30


def run() -> None:
    """Publish at 1,000 messages a second beside a worker that waits for nothing."""
    topics, state = f"latency-{secrets.token_hex(3)}", FOLDER / "state-latency"
    shutil.rmtree(state, ignore_errors=True)
    after = spell(artifact().last_event[0] + 1)
    with Services(FOLDER / "services").running("kafka") as services:
        settings = settings_of(services, "kafka")
        create(settings, Topics(topics))
        work = start(services, *worker(topics, state, "--lateness", "0s"))
        arrivals = _Arrivals(settings, f"{topics}.scores")
        time.sleep(4)  # the worker is ready
        publish = start(
            services, "publish", "fraud", "--stream", STREAM, "--topics", topics,
            "--speed", "1000/s", "--from", after,
        )  # fmt: skip
        arrivals.watch(SECONDS)
        publish.terminate()
        work.terminate()
        publish.wait()
        work.wait()
        taken = {r.document["event_id"]: r.taken for r in read(settings, f"{topics}.events")}
    waits = np.array([at - taken[i] for i, at in arrivals.at.items()])
    rows = [
        (f"p{share:g}", f"{np.percentile(waits, share):,.0f} ms") for share in (50, 95, 99, 100)
    ]
    table((f"from produce to committed score, {len(waits):,} events", ""), rows)


class _Arrivals:
    """When each score could be read, in ms since 1970."""

    def __init__(self, settings: Any, topic: str) -> None:
        self.at: dict[str, float] = {}
        self._consumer = clients.consumer(settings, fetch_max_wait_ms=10)
        parts = clients.partitions(self._consumer, settings, topic)
        self._consumer.assign(parts)
        self._consumer.seek_to_beginning(*parts)

    def watch(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for records in self._consumer.poll(20).values():
                now = time.time() * 1000
                for record in records:
                    self.at[orjson.loads(record.value)["event_id"]] = now
        self._consumer.close(autocommit=False)
