"""Growth: time and memory when the stream doubles."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import orjson

from benchmarks.data import BUILD, handbook, head, table

if TYPE_CHECKING:
    from pathlib import Path

NEEDS_HANDBOOK = True
SIZES = (300_000, 600_000, 1_200_000)
REPEATS = 3


def run(file: Path) -> None:
    """Replay longer and longer streams, each in a process of its own."""
    stream = handbook(file)
    rows: list[tuple[object, ...]] = []
    before = None
    for size in (*SIZES, stream.n_events):
        part = stream if size == stream.n_events else head(stream, size)
        seconds, peak, whole = min(_replay(part.path) for _ in range(REPEATS))
        ratio = "" if before is None or size not in SIZES else f"{seconds / before:.2f}"
        rows.append((f"{size:,}", f"{seconds:.2f}", ratio, f"{peak:,.0f}", f"{whole:,.0f}"))
        before = seconds
    heading = ("events", "seconds (best of 3)", "times the one before", "peak memory (MB)")
    table((*heading, "with metrics"), rows)


def _replay(stream: Path) -> tuple[float, float, float]:
    out = BUILD / "runs" / "growth"
    command = ["replay", "fraud", "--stream", str(stream), "--label-delay", "7d", "--out", str(out)]
    subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "workbench.cli", *command], check=True, capture_output=True
    )
    document = orjson.loads((out / "run.json").read_bytes())
    names = ("seconds", "peak_memory_mb", "peak_memory_with_metrics_mb")
    seconds, peak, whole = (document[name] for name in names)
    return seconds, peak, whole
