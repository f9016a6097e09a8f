"""The streams that the benchmarks of recommenders run on, made once and kept in ``build/``."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from benchmarks.data import BUILD, ROOT
from workbench.case import get_case
from workbench.streams.importer import import_file
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

ONLINE_RETAIL = Path(
    os.environ.get(
        "WORKBENCH_ONLINE_RETAIL", ROOT.parent / "shared" / "data" / "online_retail.parquet"
    )
)
OTHERS = {"yoochoose": "WORKBENCH_YOOCHOOSE", "movielens": "WORKBENCH_MOVIELENS"}
"""Presets of other streams, and what names their files."""
ABSENT = (
    f"Left out: {ONLINE_RETAIL} is not there. Give UCI's Online Retail as Parquet (InvoiceNo, "
    "StockCode, Quantity, UnitPrice, CustomerID, ts) with WORKBENCH_ONLINE_RETAIL=FILE."
)


def online_retail() -> Stream:
    """Import all lines of Online Retail with the preset: lines of an invoice are shuffled."""
    return _imported(ONLINE_RETAIL, "online-retail")


def known_customers() -> Stream:
    """Import the lines of known customers with article numbers of five digits, each once.

    The usual subset: no guests, no postage and fees, one line for an article on an invoice.
    """
    file = BUILD / "online-retail-known.parquet"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = pl.read_parquet(ONLINE_RETAIL).filter(
            pl.col("Quantity") > 0,
            pl.col("UnitPrice") > 0,
            pl.col("CustomerID").is_not_null(),
            pl.col("StockCode").str.contains(r"^\d{5}"),
        )
        once = lines.unique(["InvoiceNo", "StockCode"], keep="first", maintain_order=True)
        once.write_parquet(file)
    return _imported(file, "online-retail-known")


def others() -> Iterator[tuple[str, Stream]]:
    """Import those of the other streams whose files are named."""
    for preset, variable in OTHERS.items():
        if variable in os.environ:
            yield preset, _imported(Path(os.environ[variable]), preset, preset)


def _imported(file: Path, name: str, preset: str = "online-retail") -> Stream:
    folder = BUILD / f"{name}-{file.stat().st_size}"
    if not folder.exists():
        import_file("recommend", file, folder, preset=preset)
    return Stream.open(folder)


def simulated(seed: int, days: int = 60) -> Stream:
    """Simulate a shop with its true stock."""
    folder = BUILD / f"shop-{seed}-{days}"
    if not folder.exists():
        case = get_case("recommend")
        with StreamWriter(folder, case.name, case.schema, {"seed": seed}) as writer:
            case.load("simulate")(writer, days=days, seed=seed)
    return Stream.open(folder)


def without_stock(stream: Stream) -> Stream:
    """Return the same stream as a shop sees it that does not know its stock levels."""
    return _kept(stream, f"{stream.path.name}-without-stock", events_of(stream, stock=False))


def again(stream: Stream, events: int, times: int) -> Stream:
    """Return a stream's first events several times over: other sessions, the same catalogue."""
    first = events_of(stream).head(events)
    length = first["event_time"][-1] - first["event_time"][0] + timedelta(hours=1)
    rounds = [
        first.with_columns(
            pl.format("{}-{}", pl.lit(k), "event_id").alias("event_id"),
            pl.col("event_time") + k * length,
            pl.format("{}-{}", pl.lit(k), "session").alias("session"),
        )
        for k in range(times)
    ]
    name = f"{stream.path.name}-{events}-times-{times}"
    return _kept(stream, name, pl.concat(rounds).sort("event_time", "event_id"))


def events_of(stream: Stream, *, stock: bool = True) -> pl.DataFrame:
    """Return a stream's events, with or without its stock levels."""
    events = pl.concat(stream.batches())
    return events if stock else events.filter(pl.col("kind") != "stock")


def _kept(stream: Stream, name: str, events: pl.DataFrame) -> Stream:
    folder = stream.path.with_name(name)
    if not folder.exists():
        schema = get_case(stream.case).schema
        with StreamWriter(folder, stream.case, schema, {"from": stream.path.name}) as writer:
            writer.events(events)
    return Stream.open(folder)
