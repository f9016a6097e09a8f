"""A preset may read another format, refuse rows, and set times once all rows are known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from workbench.cases.fraud import presets
from workbench.streams import values
from workbench.streams.importer import import_file
from workbench.streams.mapping import FieldSource, Mapping, TimeSource
from workbench.streams.preset import Preset
from workbench.streams.recorded import Stream
from workbench.streams.schema import TIME
from workbench.streams.sources import RawBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workbench.streams.importer import ImportReport

MAPPING = Mapping(
    event_time=TimeSource(column="at", format="unix_s"),
    columns={
        "card": FieldSource(column="who"),
        "terminal": FieldSource(column="where"),
        "amount": FieldSource(column="n"),
    },
)


def slips(folder: Path, _: str) -> Iterator[RawBatch]:
    """Read a folder of which each file is one row: its words."""
    for row, file in enumerate(sorted(folder.iterdir())):
        words = dict(zip(("at", "who", "where", "n"), file.read_text().split(), strict=True))
        yield RawBatch(pl.DataFrame([words]), pl.Series([row]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "slips"
    path.mkdir()
    for i, text in enumerate(("300 A x 5", "100 B y 9", "200 A y 7")):
        (path / f"{i}.txt").write_text(text)
    return path


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., ImportReport]:
    """Import under the handbook's name with another preset."""

    def _load(source: Path, preset: Preset | Mapping) -> ImportReport:
        monkeypatch.setattr(presets, "HANDBOOK", preset)
        return import_file("fraud", source, tmp_path / "out", preset="handbook")

    return _load


def events(report: ImportReport) -> pl.DataFrame:
    stream = Stream.open(report.path)
    stream.verify()
    return pl.concat(list(stream.batches()))


def test_a_folder_is_read_by_a_reader_of_its_own(
    folder: Path, load: Callable[..., ImportReport]
) -> None:
    report = load(folder, Preset(MAPPING, read=slips))
    assert report.rows == 3
    assert events(report)["event_id"].to_list() == ["1", "2", "0"]


def test_the_hash_of_a_folder_is_of_what_its_files_hold(
    folder: Path, load: Callable[..., ImportReport]
) -> None:
    def origin() -> str:
        report = load(folder, Preset(MAPPING, read=slips))
        return str(Stream.open(report.path).manifest.origin["sha256"])

    before = origin()
    assert origin() == before
    (folder / "2.txt").write_text("200 A y 8")
    assert origin() != before


def test_refused_rows_are_in_quarantine_with_the_presets_reason_first(
    folder: Path, load: Callable[..., ImportReport]
) -> None:
    (folder / "3.txt").write_text("later C z 4")

    def refuse(raw: pl.DataFrame) -> dict[str, pl.Series]:
        return {"amount: below 6": values.whole(raw["n"])[0] < 6}

    report = load(folder, Preset(MAPPING, read=slips, refuse=refuse))
    assert report.quarantined == {"amount: below 6": 2}
    bad = pl.read_parquet(report.path / "quarantine.parquet")
    assert bad["source_row"].to_list() == [0, 3]
    assert json.loads(bad["row"][0])["who"] == "A"


def test_rows_are_arranged_before_they_are_sorted(
    folder: Path, load: Callable[..., ImportReport]
) -> None:
    def arrange(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(event_time=pl.lit(0, pl.Int64).cast(TIME))

    found = events(load(folder, Preset(MAPPING, read=slips, arrange=arrange)))
    assert found["event_id"].to_list() == ["0", "1", "2"]
    assert found["event_time"].dt.epoch("us").to_list() == [0, 0, 0]


def test_a_row_that_proves_to_be_a_duplicate_is_read_again_by_the_presets_reader(
    folder: Path, load: Callable[..., ImportReport]
) -> None:
    mapping = MAPPING.model_copy(update={"event_id": "who"})
    report = load(folder, Preset(mapping, read=slips))
    assert report.quarantined == {"duplicate event_id": 1}
    assert events(report)["event_id"].to_list() == ["B", "A"]


def test_a_mapping_alone_is_a_preset(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    (tmp_path / "rows.csv").write_text("at,who,where,n\n0,A,x,5\n")
    assert load(tmp_path / "rows.csv", MAPPING).events == 1
