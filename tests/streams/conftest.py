from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stream_examples import labels_of, payments

from workbench.cases.fraud.schema import SCHEMA
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl


@pytest.fixture
def events() -> pl.DataFrame:
    """A hundred payments, one an hour, with numbers as ids that also sort as text."""
    return payments(100)


@pytest.fixture
def labels(events: pl.DataFrame) -> pl.DataFrame:
    return labels_of(events)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a fraud stream and return its folder."""

    def _write(
        events: pl.DataFrame | None, labels: pl.DataFrame | None = None, name: str = "stream"
    ) -> Path:
        with StreamWriter(tmp_path / name, "fraud", SCHEMA, {"by": "a test"}) as writer:
            if events is not None:
                writer.events(events)
            if labels is not None:
                writer.labels(labels)
        return tmp_path / name

    return _write


@pytest.fixture
def folder(write: Callable[..., Path], events: pl.DataFrame, labels: pl.DataFrame) -> Path:
    """A small whole stream."""
    return write(events, labels)
