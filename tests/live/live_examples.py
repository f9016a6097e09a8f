"""Small streams for topics, and commands in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.case import get_case
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FRAUD = get_case("fraud")


def simulated(folder: Path, days: int = 10, scale: float = 0.1, case: str = "fraud") -> Stream:
    """Make a stream; of fraud, some 4,000 events for each ten days and tenth of scale."""
    the_case = get_case(case)
    with StreamWriter(folder, case, the_case.schema, {}) as writer:
        the_case.load("simulate")(writer, days=days, seed=5, scale=scale, progress=lambda *_: None)
    return Stream.open(folder)


def events_of(stream: Stream) -> pl.DataFrame:
    return pl.concat(list(stream.batches()))


def labels_of(stream: Stream) -> pl.DataFrame:
    return pl.concat(list(stream.labels()))


def hashes(stream: Stream) -> list[str | None]:
    """SHA-256 of the parts with events and labels: equal streams have equal ones."""
    return [part.sha256 for part in stream.manifest.parts if part.kind in ("events", "labels")]


def begin(environment: Mapping[str, str], *arguments: object) -> subprocess.Popen[str]:
    """Start ``workbench`` in a process of its own."""
    return subprocess.Popen(  # noqa: S603 - this interpreter and our own words
        [sys.executable, "-m", "workbench.cli", *map(str, arguments)],
        env={**os.environ, "WORKBENCH_PROGRESS": "off", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(environment: Mapping[str, str], *arguments: object) -> tuple[int, str, str]:
    """Run ``workbench`` to its end; return the exit code, stdout and stderr for people."""
    process = begin(environment, *arguments)
    out, err = process.communicate(timeout=240)
    return process.returncode, out, for_people(err)


def for_people(err: str) -> str:
    """Return stderr without the log, which a busy broker makes longer."""
    lines = err.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith('{"time"'))


def rows(path: Path) -> list[dict[str, Any]]:
    return pl.read_parquet(path).to_dicts()
