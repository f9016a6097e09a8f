"""What looks odd in observations is counted, and nothing is done about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from vitals_examples import challenge

from workbench.cases.vitals.notices import FROZEN, notice
from workbench.cases.vitals.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.streams.importer import ImportReport

START = datetime(2024, 1, 1, tzinfo=UTC)


def rows(n: int, step: timedelta = timedelta(minutes=1), **columns: Any) -> pl.DataFrame:
    """Observations of one patient, none like another but for what is given."""
    i = pl.int_range(n, eager=True)
    frame = pl.DataFrame(
        {
            "event_id": i.cast(pl.String),
            "event_time": [START + k * step for k in range(n)],
            "patient": "a",
            "heart_rate": 6000 + i,
            "spo2": 9000 + i,
            "respiration": 1500 + i,
        }
    ).with_columns(**{k: pl.lit(v) for k, v in columns.items()})
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in SCHEMA.events.items()
        if name not in frame.columns
    ]
    return frame.with_columns(missing).select(SCHEMA.events.names())


def test_nothing_is_said_of_what_is_not_odd() -> None:
    assert notice(rows(50)) == {}


def test_a_patient_who_is_not_observed_for_a_day() -> None:
    found = notice(rows(3, timedelta(days=2)))
    assert found == {"patient(s) not observed for a day or more": 1}


@pytest.mark.parametrize(("n", "devices"), [(FROZEN - 1, 0), (FROZEN, 1), (10_000, 1)])
def test_a_device_that_sends_equal_values(n: int, devices: int) -> None:
    assert sum(notice(rows(n, device="m1", heart_rate=7000)).values()) == devices


def test_equal_values_of_two_devices_in_turn_are_no_run() -> None:
    one = rows(FROZEN - 1, device="m1", heart_rate=7000)
    two = rows(FROZEN - 1, device="m2", heart_rate=7000)
    assert notice(pl.concat([one, two.with_columns(pl.col("spo2") + 1)])) == {}


def test_an_observation_that_was_sent_twice() -> None:
    once = rows(50)
    again = once.head(3).with_columns(event_id="again " + pl.col("event_id"))
    assert notice(pl.concat([once, again])) == {"observation(s) sent twice, under two event ids": 3}


@pytest.mark.parametrize(("shared", "pairs"), [(2, 0), (3, 1)])
def test_two_patients_with_the_same_observations(shared: int, pairs: int) -> None:
    again = rows(50, patient="b").with_columns(
        spo2=pl.when(pl.int_range(pl.len()) < shared).then("spo2").otherwise(5000)
    )
    assert sum(notice(pl.concat([rows(50), again])).values()) == pairs


def test_an_import_shows_what_was_noticed(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    hours = challenge({7: 6})
    gap = hours.with_columns(pl.col("ICULOS") + (pl.col("ICULOS") > 3) * 40)
    gap.write_parquet(tmp_path / "set.parquet")
    report = load(tmp_path / "set.parquet", "physionet2019", shift_times=True)
    assert report.noticed == {"patient(s) not observed for a day or more": 1}
    assert "1 × patient(s) not observed for a day or more" in str(report)
