"""The worker's rate beside a bare loop of kafka-python, and where the rest goes."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import urllib.request
from typing import TYPE_CHECKING

import numpy as np

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
from workbench.live.clients import admin
from workbench.live.fields import spell
from workbench.live.services import Services
from workbench.live.services.ports import free

if TYPE_CHECKING:
    from workbench.live.settings import Settings

REPEATS = 3


def run() -> None:
    """Score the recorded stream from topics, as the worker does it and as a bare loop does."""
    topics = f"rate-{secrets.token_hex(3)}"
    bare, ours, spent = [], [], []
    with Services(FOLDER / "services").running("kafka") as services:
        settings = settings_of(services, "kafka")
        _published(services, topics)
        for number in range(REPEATS):
            target = f"{topics}.bare-{number}"
            with admin(settings) as client:
                client.create_topics({target: {"num_partitions": 6, "replication_factor": 1,
                    "configs": {"message.timestamp.type": "LogAppendTime"}}})  # fmt: skip
            done(launch(services, "-m", "benchmarks.live.bare", topics, target))
            bare.append(_rate(settings, target))
            seconds, rate = _worked(services, settings, topics, number)
            ours.append(rate)
            spent.append(seconds)
    ratios = np.array(ours) / np.array(bare)
    table(
        ("from topic to committed score, one broker", "events a second", "ratio"),
        [
            (
                "bare loop: poll, orjson, send a score for each event, the same transactions",
                _spread(bare),
                1,
            ),
            (
                "workbench live",
                _spread(ours),
                f"{np.median(ratios):.2f} ({ratios.min():.2f}–{ratios.max():.2f})",
            ),
        ],
    )
    print()
    table(("where the worker's time goes", "share"), _shares(spent))


def _worked(
    services: Services, settings: Settings, topics: str, number: int
) -> tuple[dict[str, float], float]:
    """Let a worker score the topics from their beginning; return its seconds and its rate."""
    state, [port] = FOLDER / f"state-{number}", free(1)
    shutil.rmtree(state, ignore_errors=True)
    # A worker goes on where its name had come to; so each one reads topics of another name.
    name = f"{topics}-{number}"
    _published(services, name)
    told: list[str] = []
    process = start(services, *worker(name, state, "--until-idle", "3s", "--metrics-port", port))
    watch = threading.Thread(target=_watch, args=(port, process, told), daemon=True)
    watch.start()
    done(process)
    watch.join()
    sums = dict(re.findall(r"^workbench_(\w+)_seconds_sum{[^}]*} (\S+)$", told[-1], re.MULTILINE))
    return {k: float(v) for k, v in sums.items()}, _rate(settings, f"{name}.scores")


def _published(services: Services, topics: str) -> None:
    """Publish all that is new to the artifact."""
    after = spell(artifact().last_event[0] + 1)
    where = ("--stream", STREAM, "--topics", topics, "--from", after)
    done(start(services, "publish", "fraud", *where))


def _watch(port: int, process: object, told: list[str]) -> None:
    while process.poll() is None:  # type: ignore[attr-defined]  # a Popen
        try:
            address = f"http://127.0.0.1:{port}/metrics"
            with urllib.request.urlopen(address, timeout=1) as answer:
                told.append(answer.read().decode())
        except OSError:
            pass  # not yet, or not any more
        threading.Event().wait(0.2)


def _rate(settings: Settings, topic: str) -> float:
    """Return messages a second, by the broker's own stamps on the first and the last one."""
    taken = np.array([row.taken for row in read(settings, topic)])
    return len(taken) / ((taken.max() - taken.min()) / 1000)


def _shares(spent: list[dict[str, float]]) -> list[tuple[object, ...]]:
    names = {"transaction": "writing and committing", "batch": "features, scores, learning"}
    rows = {text: np.median([s[name] for s in spent]) for name, text in names.items()}
    return [(text, f"{seconds:.1f} s") for text, seconds in rows.items()]


def _spread(values: list[float]) -> str:
    return f"{np.median(values):,.0f} ({min(values):,.0f}–{max(values):,.0f})"
