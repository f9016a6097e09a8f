"""A stream at a glance, for people and as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from rich.console import Console
from stream_examples import labels_of, payments

from workbench.durations import DAY, HOUR
from workbench.streams.inspection import inspect, sparkline
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def shown() -> Callable[[Path], str]:
    def _shown(folder: Path) -> str:
        console = Console(width=120, no_color=True)
        with console.capture() as capture:
            console.print(inspect(Stream.open(folder)))
        return capture.get()

    return _shown


def test_days_are_counted_and_a_day_without_events_is_one(
    write: Callable[..., Path], events: pl.DataFrame
) -> None:
    some = pl.concat([events[:30], events[75:]])
    found = inspect(Stream.open(write(some, labels_of(some))))
    assert found.days["events"].to_list() == [24, 6, 0, 21, 4]
    assert found.days["labels"].to_list() == [24, 6, 0, 21, 4]
    assert found.days["positives"].to_list() == [3, 0, 0, 3, 0]
    begin, length = found.gaps[0]
    assert begin == some["event_time"][29]
    assert length == 46 * HOUR
    assert [gap for _, gap in found.gaps[1:]] == [HOUR, HOUR]


def test_columns_are_summarised(folder: Path, events: pl.DataFrame) -> None:
    card, _, amount, area = inspect(Stream.open(folder)).columns
    assert (card.distinct, card.missing, card.minimum) == (7, 0, None)
    assert (amount.minimum, amount.maximum) == (events["amount"].min(), events["amount"].max())
    assert amount.median == events["amount"].sort()[49]
    assert (area.missing, area.distinct) == (100, 0)


def test_label_delays_are_quantiles_of_what_occurred(
    write: Callable[..., Path], events: pl.DataFrame
) -> None:
    days = pl.Series([timedelta(days=1 + i % 10) for i in range(100)])
    late = labels_of(events, 0).with_columns(pl.col("known_at") + days)
    found = inspect(Stream.open(write(events, late)))
    assert found.label_delay[0.5] == 5 * DAY
    assert found.label_delay[1.0] == 10 * DAY


def test_unlabelled_events_and_stray_labels_are_counted(
    write: Callable[..., Path], events: pl.DataFrame, labels: pl.DataFrame
) -> None:
    found = inspect(Stream.open(write(events[:90], labels[20:])))
    assert (found.unlabelled, found.stray_labels) == (20, 10)


def test_a_stream_without_labels_is_shown_too(
    write: Callable[..., Path], events: pl.DataFrame, shown: Callable[[Path], str]
) -> None:
    folder = write(events)
    found = inspect(Stream.open(folder))
    assert found.unlabelled == 100
    assert found.label_delay == {}
    assert "label rate by day" not in shown(folder)


def test_the_terminal_shows_the_stream_at_a_glance(
    folder: Path, shown: Callable[[Path], str]
) -> None:
    text = shown(folder)
    for wanted in (
        "fraud",
        "100 (20 a day)",
        "10 positive (10.00%)",
        "events by day",
        "█",
        "amount",
    ):
        assert wanted in text


def test_what_comes_from_data_is_no_markup(folder: Path, shown: Callable[[Path], str]) -> None:
    document = json.loads((folder / "stream.json").read_text())
    document["origin"] = {"file": "[red]x[/red]"}
    (folder / "stream.json").write_text(json.dumps(document))
    assert "[red]x[/red]" in shown(folder)


def test_json_holds_what_the_terminal_shows(folder: Path) -> None:
    document = json.loads(json.dumps(inspect(Stream.open(folder)).to_dict()))
    assert document["by_day"][0] == {
        "day": "2024-01-01",
        "events": 24,
        "labels": 24,
        "positives": 3,
        "label_rate": 0.125,
    }
    assert document["columns"][2]["name"] == "amount"
    assert document["label_delay_quantiles"]["0.5"] == "7d"
    assert document["gaps"][0]["length"] == "1h"


def test_it_does_not_depend_on_the_batches(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream.open(write(payments(500), labels_of(payments(500))))
    whole = inspect(stream)
    batches = stream.batches
    monkeypatch.setattr(stream, "batches", lambda: batches(size=13))
    assert inspect(stream).to_dict() == whole.to_dict()


def test_a_line_of_nothing_is_flat() -> None:
    assert sparkline([0.0, 0.0]) == "▁▁"
    assert len(sparkline([1.0] * 1_000)) <= 60
