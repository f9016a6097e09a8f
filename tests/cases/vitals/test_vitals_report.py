"""A report on real patients: no original id in anything that is written, and nobody alone in it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from vitals_examples import KEY, as_psv, challenge

from workbench.artifacts.export import export
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.reports.publish import publish
from workbench.streams.importer import import_file
from workbench.streams.recorded import Stream
from workbench.streams.secret import KEY as VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = 4_711_001
IDS = [FIRST + k for k in range(90)]
SETTINGS: dict[str, Any] = {"warm_up": "3h"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All that an import, a replay, an export and a report of known patients write."""
    folder = tmp_path_factory.mktemp("hospital")
    hours = challenge({pid: 10 + pid % 24 for pid in IDS})
    # Not seen for two days, and a heart rate that nobody has.
    late, first = pl.col("pid") == IDS[7], pl.int_range(pl.len()) == 0
    hours = hours.with_columns(
        ICULOS=pl.col("ICULOS") + 48 * (late & (pl.col("ICULOS") > 3)),
        HR=pl.when(first).then(999.0).otherwise(pl.col("HR")),
    )
    source = as_psv(hours, folder / "given")
    out = folder / "written"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, KEY)
        patch.setenv("WORKBENCH_OUTPUT", str(out))
        import_file("vitals", source, out / "stream", preset="physionet2019")
        stream = Stream.open(out / "stream")
        run = replay(stream, Setup.of("vitals", None, SETTINGS), out / "run")
        export(run, out / "artifact")
        publish(
            "vitals",
            {"stream": str(out / "stream"), "parameters": SETTINGS},
            out=out / "report",
        )
        yield out


def content(file: Path) -> str:
    """Everything that a file says, also what it says compressed."""
    if file.suffix == ".parquet":
        return pl.read_parquet(file).select(pl.all().cast(pl.String)).write_csv()
    if file.suffix == ".npz":
        with np.load(file, allow_pickle=False) as members:
            return "\n".join(_told(member) for member in members.values())
    return file.read_bytes().decode("latin-1")


def _told(member: Any) -> str:
    if isinstance(member, bytes):
        return member.decode("latin-1")
    if member.dtype.kind in "iuUS":
        return " ".join(map(str, member.ravel().tolist()))
    return str(member.tobytes().decode("latin-1"))


def test_no_original_id_is_in_any_file_of_stream_run_artifact_and_report(written: Path) -> None:
    files = [file for file in written.rglob("*") if file.is_file()]
    parts = {file.relative_to(written).parts[0] for file in files}
    assert {"stream", "run", "artifact", "report"} <= parts
    assert {".parquet", ".json", ".npz", ".ipynb", ".html"} <= {file.suffix for file in files}
    ids = re.compile("|".join(map(str, IDS)))
    for file in files:
        assert not ids.search(file.name), file
        assert not ids.search(content(file)), file
        assert KEY not in content(file), file


def test_the_search_would_find_an_id(written: Path) -> None:
    """Patients are in the stream, under other names."""
    patients = pl.read_parquet(written / "stream" / "events-00000.parquet")["patient"]
    assert patients.n_unique() == len(IDS)
    assert patients[0] in content(written / "stream" / "events-00000.parquet")


def test_no_patient_is_shown_alone_by_whatever_name(written: Path) -> None:
    page = (written / "report" / "report.html").read_text()
    notebook = (written / "report" / "report.ipynb").read_text()
    patients = pl.read_parquet(written / "stream" / "events-00000.parquet")["patient"].unique()
    for text in (page, notebook):
        assert not [patient for patient in patients if patient in text]
        assert "Left out: this stream is not simulated" in text


def test_the_page_shows_what_was_odd_in_the_stream(written: Path) -> None:
    page = unescape((written / "report" / "report.html").read_text())
    assert "fewer than 5 × patient(s) not observed for a day or more" in page
    assert "fewer than 5 × heart_rate: above 40,000" in page


def test_the_page_says_that_it_is_no_medical_device(written: Path) -> None:
    assert "not a medical device" in (written / "report" / "report.html").read_text()


def test_the_report_keeps_its_account(written: Path) -> None:
    document = json.loads((written / "report" / "report.json").read_bytes())
    assert document["failed"] is None
    assert "alarms per patient-day" in document["account"]["headline"]
