"""The worker's rate beside a bare loop of kafka-python, and where its time goes."""

from __future__ import annotations

import os
import secrets
import shutil
from typing import TYPE_CHECKING

import numpy as np
import orjson

from benchmarks.data import table
from benchmarks.live.common import (
    FOLDER,
    STREAM,
    artifact,
    done,
    launch,
    read,
    settings_of,
    start,
    worker,
)
from workbench.durations import SECOND
from workbench.live.clients import admin
from workbench.live.fields import spell
from workbench.live.services import Services
from workbench.live.services.ports import free

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.live.settings import Settings

REPEATS = 5
#: How a bare loop sends, and what it reads: events and labels is what the worker reads.
LOOPS = {
    "plain, events and labels": ("plain", "events", "labels"),
    "plain, events only": ("plain", "events"),
    "sending as the worker does, events and labels": ("tuned", "events", "labels"),
    "sending as the worker does, events only": ("tuned", "events"),
}


def run() -> None:
    """Score the recorded stream from topics, as the worker does it and as bare loops do."""
    topics = f"rate-{secrets.token_hex(3)}"
    with Services(FOLDER / "services").running("kafka") as services:
        settings = settings_of(services, "kafka")
        _published(services, topics)
        bare: dict[str, list[float]] = {loop: [] for loop in LOOPS}
        ours = []
        for number in range(REPEATS):
            for loop, how in LOOPS.items():
                bare[loop].append(_bare(services, settings, topics, how))
            ours.append(_worked(services, settings, f"{topics}-{number}"))
        stages = _stages(services, f"{topics}-stages")
    ratios = [_spread(np.array(ours) / np.array(rates), ".2f") for rates in bare.values()]
    table(
        ("from topic to committed score, one broker", "events a second", "`workbench live` to it"),
        [
            *((f"bare loop of kafka-python: {loop}", _spread(rates), ratio)
              for (loop, rates), ratio in zip(bare.items(), ratios, strict=True)),
            ("`workbench live`", _spread(ours), ""),
        ],
    )  # fmt: skip
    print()
    table(
        ("where the worker's time goes", "µs an event"),
        [
            *((stage, f"{spent:.1f}") for stage, spent in stages.items()),
            ("together", f"{sum(stages.values()):.1f}"),
        ],
    )


def _bare(services: Services, settings: Settings, topics: str, how: tuple[str, ...]) -> float:
    """Let a bare loop answer the topics and return its rate."""
    target = f"{topics}.bare-{secrets.token_hex(3)}"
    configs = {"message.timestamp.type": "LogAppendTime"}
    with admin(settings) as client:
        client.create_topics(
            {target: {"num_partitions": 6, "replication_factor": 1, "configs": configs}}
        )
    done(launch(services, "-m", "benchmarks.live.bare", topics, target, *how))
    return _rate(settings, target)


def _worked(services: Services, settings: Settings, topics: str) -> float:
    """Let a worker score topics of their own and return its rate.

    A worker goes on where its name had come to; so each one reads topics of another name.
    """
    _published(services, topics)
    done(start(services, *worker(topics, _state(topics), "--until-idle", "3s")))
    return _rate(settings, f"{topics}.scores")


def _stages(services: Services, topics: str) -> dict[str, float]:
    """Let a worker score topics of their own with a clock at each stage."""
    _published(services, topics)
    file = FOLDER / "stages.json"
    options = {
        "artifact": str(artifact().path),
        "state": str(_state(topics)),
        "topics": topics,
        "owner": topics,
        "supervisor": os.getpid(),
        "restarts": 0,
        "lateness": 2 * SECOND,
        "until_idle": 3.0,
        "checkpoint_every": 30.0,
        "metrics_port": free(1)[0],
        "log_level": "WARNING",
    }
    given = orjson.dumps(options).decode()
    done(launch(services, "-m", "benchmarks.live.stages", file, given))
    stages: dict[str, float] = orjson.loads(file.read_bytes())
    return stages


def _state(topics: str) -> Path:
    """Return an empty folder for a worker's state."""
    state = FOLDER / "state-rate" / topics
    shutil.rmtree(state.parent, ignore_errors=True)
    return state


def _published(services: Services, topics: str) -> None:
    """Publish all that is new to the artifact."""
    after = spell(artifact().last_event[0] + 1)
    where = ("--stream", STREAM, "--topics", topics, "--from", after)
    done(start(services, "publish", "fraud", *where))


def _rate(settings: Settings, topic: str) -> float:
    """Return messages a second, by the broker's own stamps on the first and the last one."""
    taken = np.array([row.taken for row in read(settings, topic)])
    return float(len(taken) / ((taken.max() - taken.min()) / 1000))


def _spread(values: list[float] | np.ndarray, form: str = ",.0f") -> str:
    return f"{np.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"
