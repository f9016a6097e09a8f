"""What the live benchmarks share: an artifact, processes, and topics as they were written."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import polars as pl

from benchmarks.data import BUILD, ROOT
from workbench.artifacts.export import export
from workbench.artifacts.score import score
from workbench.live import clients
from workbench.live.settings import PREFIX, Settings
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workbench.artifacts.artifact import Artifact
    from workbench.live.services import Services

STREAM = ROOT / "data" / "fraud"
FOLDER = BUILD / "live"


@cache
def artifact() -> Artifact:
    """Return the shipped detector after the first ten days of the recorded stream."""
    stream = Stream.open(STREAM)
    run = replay(
        stream,
        Setup.of("fraud"),
        FOLDER / "run",
        until=stream.start + (stream.end - stream.start) / 6,
    )
    return export(run, FOLDER / "artifact")


@cache
def expected() -> dict[str, float]:
    """Return what ``score --learn`` says of the events after that: id to score."""
    out = FOLDER / "expected.parquet"
    score(artifact(), Stream.open(STREAM), out, learn=True)
    return dict(pl.read_parquet(out).select("event_id", "score").iter_rows())


def settings_of(services: Services, *names: str) -> Settings:
    """Return the settings with which this process finds servers."""
    found = services.environment(None, *names).items()
    return Settings.model_validate({k.removeprefix(PREFIX).lower(): v for k, v in found})


def start(services: Services, *arguments: object) -> subprocess.Popen[bytes]:
    """Start ``workbench`` as a process of its own."""
    return launch(services, "-m", "workbench.cli", *arguments)


def launch(services: Services, *arguments: object) -> subprocess.Popen[bytes]:
    """Start this Python as a process of its own that finds the servers."""
    environment = {**os.environ, "WORKBENCH_PROGRESS": "off", **services.environment()}
    return subprocess.Popen(  # noqa: S603 - this interpreter, our own words
        [sys.executable, *map(str, arguments)], env=environment, cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def done(process: subprocess.Popen[bytes], timeout: float = 900) -> None:
    """Wait until a process has done its work; fail if it has not."""
    code = process.wait(timeout=timeout)
    if code:
        raise SystemExit(f"{process.args!r} ended with exit code {code}")


def worker(topics: str, state: Path, *more: object) -> tuple[object, ...]:
    """Return the arguments of a worker."""
    where = ("--artifact", artifact().path, "--state", state, "--topics", topics)
    return ("live", "fraud", *where, *more)


class Written(NamedTuple):
    """A message as the broker has it: when it was taken (ms), and what it says."""

    taken: int
    document: dict[str, Any]


def read(settings: Settings, topic: str) -> Iterator[Written]:
    """Yield every committed message of a topic."""
    consumer = clients.consumer(settings)
    try:
        parts = clients.partitions(consumer, settings, topic)
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        while any(consumer.position(part) < ends[part] for part in parts):
            for records in consumer.poll(500, max_records=10_000).values():
                for record in records:
                    yield Written(record.timestamp, orjson.loads(record.value))
    finally:
        consumer.close(autocommit=False)


def compared(settings: Settings, topics: str, until: int | None = None) -> tuple[int, int, int]:
    """Return how many scores were doubled, are missing, and differ from the replay's.

    ``until``: only events before this time (µs) were published.
    """
    rows = [r.document for r in read(settings, f"{topics}.scores") if not r.document["late"]]
    found = {row["event_id"]: row["score"] for row in rows}
    wanted = expected()
    if until is not None:
        before = pl.concat(list(Stream.open(STREAM).batches(until=until)))["event_id"]
        wanted = {i: wanted[i] for i in before if i in wanted}
    missing = len(wanted.keys() - found.keys())
    differ = sum(found[i] != wanted[i] for i in wanted.keys() & found.keys())
    return len(rows) - len(found), missing, differ + len(found.keys() - wanted.keys())
