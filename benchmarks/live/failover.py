"""One of three brokers is killed under load: the longest pause, and what is lost or doubled."""

from __future__ import annotations

import secrets
import shutil
import time

import numpy as np

from benchmarks.data import table
from benchmarks.live.common import (
    FOLDER,
    STREAM,
    artifact,
    compared,
    read,
    settings_of,
    start,
    worker,
)
from workbench.live.fields import spell
from workbench.live.services import Services
from workbench.live.topics import Topics, create

BROKERS, ROUNDS = 3, 2
#: Days that are published after the artifact's last event.
DAYS = 5


def run() -> None:
    """Kill each broker twice while 1,000 messages a second come in."""
    rows = []
    begin = artifact().last_event[0] + 1
    until = begin + DAYS * 86_400_000_000
    with Services(FOLDER / "services-3").running("kafka", brokers=BROKERS) as services:
        settings = settings_of(services, "kafka")
        for killed in list(range(BROKERS)) * ROUNDS:
            topics, state = f"failover-{secrets.token_hex(3)}", FOLDER / f"state-failover-{killed}"
            shutil.rmtree(state, ignore_errors=True)
            create(settings, Topics(topics))
            work = start(
                services, *worker(topics, state, "--lateness", "0s", "--until-idle", "12s")
            )
            publish = start(
                services, "publish", "fraud", "--stream", STREAM, "--topics", topics,
                "--speed", "1000/s", "--from", spell(begin), "--until", spell(until),
            )  # fmt: skip
            time.sleep(12)
            services.kill("kafka", killed)
            publish.wait()
            work.wait()
            taken = np.sort([r.taken for r in read(settings, f"{topics}.scores")])
            doubled, missing, differ = compared(settings, topics, until)
            pause = float(np.diff(taken).max()) / 1000
            rows.append((killed + 1, f"{pause:.1f} s", len(taken), doubled, missing, differ))
            services.start("kafka", killed)
    heads = ("broker killed", "longest pause", "scores", "doubled", "missing", "differ from replay")
    table(heads, rows)
