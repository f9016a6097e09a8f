"""The streams that benchmarks run on, made once and kept in ``build/``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from workbench.case import get_case
from workbench.streams.importer import import_file
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "benchmarks"
HANDBOOK = Path(
    os.environ.get(
        "WORKBENCH_HANDBOOK", ROOT.parent / "shared" / "data" / "handbook_transactions.parquet"
    )
)


def handbook(file: Path) -> Stream:
    """Import the Fraud Detection Handbook's transactions with the preset."""
    folder = BUILD / f"{file.stem}-{file.stat().st_size}"
    if not folder.exists():
        import_file("fraud", file, folder, preset="handbook")
    return Stream.open(folder)


def head(stream: Stream, events: int) -> Stream:
    """Return the first events of a stream as a stream of its own."""
    folder = stream.path.with_name(f"{stream.path.name}-first-{events}")
    if not folder.exists():
        first = pl.concat(list(stream.batches())).head(events)
        labels = pl.concat(list(stream.labels())).join(first, on="event_id", how="semi")
        with StreamWriter(
            folder, stream.case, get_case(stream.case).schema, {"first": events}
        ) as writer:
            writer.events(first)
            writer.labels(labels)
    return Stream.open(folder)


def table(header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    """Print a table in Markdown."""
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)
