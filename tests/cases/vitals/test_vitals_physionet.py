"""The challenge's files become a stream of hours, one patient admitted every 24 minutes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from vitals_examples import as_psv, challenge, events, labels

from workbench.cases.vitals.physionet import NAMES
from workbench.cases.vitals.quantities import quantity
from workbench.errors import StreamError
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.streams.importer import ImportReport

REAL = Path(__file__).parents[4] / "shared" / "data" / "physionet2019_set_a.parquet"


@pytest.fixture
def rows() -> pl.DataFrame:
    """Three stays; the patient with the smallest id comes last in the file."""
    return challenge({10: 5, 25: 3, 9: 4})


def save(frame: pl.DataFrame, path: Path) -> Path:
    frame.write_parquet(path)
    return path


def test_every_row_is_an_event_with_the_number_of_its_row(
    tmp_path: Path, rows: pl.DataFrame, load: Callable[..., ImportReport]
) -> None:
    report = load(save(rows, tmp_path / "set.parquet"), "physionet2019")
    assert (report.rows, report.events, report.labels) == (12, 12, 12)
    assert (report.quarantined, report.cleared, report.unknown_columns) == ({}, {}, ())
    assert sorted(map(int, events(report.path)["event_id"])) == list(range(12))


def test_patients_are_admitted_in_the_order_of_their_ids_and_observed_every_hour(
    tmp_path: Path, rows: pl.DataFrame, load: Callable[..., ImportReport]
) -> None:
    found = events(load(save(rows, tmp_path / "set.parquet"), "physionet2019").path)
    minutes = {
        int(row["event_id"]): (row["event_time"].hour * 60 + row["event_time"].minute)
        for row in found.iter_rows(named=True)
    }
    # Patient 9 is first (rows 8 to 11), then 10 (rows 0 to 4), then 25 (rows 5 to 7).
    assert [minutes[i] for i in range(8, 12)] == [0, 60, 120, 180]
    assert [minutes[i] for i in range(5)] == [24, 84, 144, 204, 264]
    assert [minutes[i] for i in range(5, 8)] == [48, 108, 168]


def test_the_labels_of_a_stay_are_known_with_its_last_observation(
    tmp_path: Path, rows: pl.DataFrame, load: Callable[..., ImportReport]
) -> None:
    path = load(save(rows, tmp_path / "set.parquet"), "physionet2019").path
    joined = labels(path).join(events(path), on="event_id")
    end = joined.group_by("patient").agg(
        pl.col("event_time").max(), pl.col("known_at").unique().alias("known")
    )
    assert all(known == [time] for time, known in end.select("event_time", "known").iter_rows())


def test_values_lose_nothing(
    tmp_path: Path, rows: pl.DataFrame, load: Callable[..., ImportReport]
) -> None:
    found = events(load(save(rows, tmp_path / "set.parquet"), "physionet2019").path)
    found = found.sort(pl.col("event_id").cast(pl.Int64))
    for ours, theirs in NAMES.items():
        stored = found[ours].cast(pl.Float64).fill_null(np.nan).to_numpy() / quantity(ours).scale
        np.testing.assert_array_equal(stored.astype(np.float32), rows[theirs].to_numpy(), ours)
    assert found["sex"].to_list() == rows["Gender"].to_list()
    unit = {0: 1, 1: 2, 2: None}
    assert found["care_unit"].to_list() == [unit[pid % 3] for pid in rows["pid"]]


def test_the_folder_of_psv_files_makes_the_same_stream(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    rows = challenge({9: 4, 10: 5, 25: 3})
    one = load(save(rows, tmp_path / "set.parquet"), "physionet2019", "one").path
    many = load(as_psv(rows, tmp_path / "training"), "physionet2019", "many").path
    assert Stream.open(one).hash == Stream.open(many).hash


def test_a_malformed_line_of_a_psv_file_is_counted_and_the_others_stay(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    folder = as_psv(challenge({9: 4, 10: 5}), tmp_path / "training")
    lines = (folder / "p000009.psv").read_text().splitlines()
    lines[2] = "80|97"
    (folder / "p000009.psv").write_text("\n".join(lines))
    report = load(folder, "physionet2019")
    assert (report.rows, report.events) == (9, 8)
    bad = pl.read_parquet(report.path / "quarantine.parquet")
    assert bad.rows() == [(1, "malformed line: 2 fields where the header has 41", '"(withheld)"')]


def test_an_impossible_sign_is_missing_and_counted_and_the_row_stays(
    tmp_path: Path, rows: pl.DataFrame, load: Callable[..., ImportReport]
) -> None:
    first = pl.int_range(pl.len()) == 0
    wild = rows.with_columns(
        pl.when(first).then(pl.lit(999.0, pl.Float32)).otherwise("HR").alias("HR"),
        pl.when(first).then(pl.lit(36.6, pl.Float32)).otherwise("Temp").alias("Temp"),
    )
    report = load(save(wild, tmp_path / "set.parquet"), "physionet2019")
    assert (report.events, report.cleared) == (12, {"heart_rate: above 40,000": 1})
    row = events(report.path).filter(pl.col("event_id") == "0")
    assert row.select("heart_rate", "temperature").row(0) == (None, 3660)
    assert Stream.open(report.path).manifest.counts.cleared == report.cleared
    assert "1 value(s) set to missing" in str(report)


def test_an_hour_without_its_number_has_no_time(
    tmp_path: Path, rows: pl.DataFrame, load: Callable[..., ImportReport]
) -> None:
    lost = rows.with_columns(
        pl.when(pl.int_range(pl.len()) != 3).then(pl.col("ICULOS")).alias("ICULOS")
    )
    report = load(save(lost, tmp_path / "set.parquet"), "physionet2019")
    assert (report.events, report.quarantined) == (11, {"event_time: missing": 1})


def test_a_folder_without_psv_files_is_refused(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StreamError, match=r"no \.psv file in it"):
        load(tmp_path / "empty", "physionet2019")


@pytest.mark.skipif(not REAL.exists(), reason=f"{REAL.name} is not beside the project")
def test_the_first_stays_of_hospital_a(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    rows = pl.read_parquet(REAL).filter(pl.col("pid") <= 300)
    report = load(save(rows, tmp_path / "set.parquet"), "physionet2019")
    assert (report.rows, report.events) == (rows.height, rows.height)
    assert report.positives == rows["SepsisLabel"].sum()
