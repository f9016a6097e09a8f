"""Events a second of the fraud simulator, written to disk."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from benchmarks.data import BUILD, table
from workbench.case import get_case
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from pathlib import Path

NEEDS_HANDBOOK = False


def run(_: Path) -> None:
    """Simulate 60 days at two scales."""
    case = get_case("fraud")
    rows: list[tuple[object, ...]] = []
    for scale in (1.0, 5.0):
        folder = BUILD / f"simulated-{scale:g}"
        shutil.rmtree(folder, ignore_errors=True)
        begin = time.perf_counter()
        with StreamWriter(folder, "fraud", case.schema, {"simulator": "fraud"}) as writer:
            case.load("simulate")(writer, days=60, seed=7, scale=scale)
        seconds = time.perf_counter() - begin
        events = Stream.open(folder).n_events
        rows.append((f"{scale:g}", f"{events:,}", f"{seconds:.2f}", f"{events / seconds:,.0f}"))
    table(("scale", "events", "seconds", "events a second"), rows)
