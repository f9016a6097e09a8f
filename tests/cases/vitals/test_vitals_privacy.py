"""What is imported holds no original id, no name, no date of birth and no free text."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from vitals_examples import KEY, as_psv, challenge, events, labels, observation, save_lines

from workbench.errors import ParameterError, StreamError
from workbench.streams.importer import import_file
from workbench.streams.pseudonyms import Pseudonyms
from workbench.streams.recorded import Stream
from workbench.streams.secret import KEY as VARIABLE
from workbench.streams.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.streams.importer import ImportReport

IDS = ("MRN-004711", "MRN-004712", "sn-0815")

MAP = """
event_id = "message"
event_time = "at"
ignore = ["room_name"]
[columns]
patient = "mrn"
device = "serial"
ward = "ward"
heart_rate = { column = "pulse", scale = 100 }
"""

ROWS = """message,mrn,serial,ward,at,pulse,room_name,spare
m1,MRN-004711,sn-0815,icu,2024-01-01T10:00:00Z,71,Blue,x
m2,MRN-004711,sn-0815,icu,2024-01-01T10:01:00Z,999,Blue,x
m3,MRN-004712,sn-0815,icu,2024-01-01T10:02:00Z,73,Blue,MRN-004712
m4,MRN-004712,sn-0815,icu,yesterday of MRN-004712,73,Blue,MRN-004712
m5,MRN-004712,sn-0815,icu,he sat up and said no,73,Blue,x
m3,MRN-004712,sn-0815,icu,2024-01-01T10:02:30Z,74,Blue,x
m6,MRN-004712,sn-0815
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ImportReport]:
    """Import a CSV file of one's own with the mapping above."""
    monkeypatch.setenv(VARIABLE, KEY)

    def _own(text: str = ROWS, mapping: str = MAP, **options: Any) -> ImportReport:
        (tmp_path / "rows.csv").write_text(text)
        (tmp_path / "map.toml").write_text(mapping)
        return import_file(
            "vitals",
            tmp_path / "rows.csv",
            tmp_path / "out",
            map_file=tmp_path / "map.toml",
            **options,
        )

    return _own


def written(folder: Path) -> str:
    """Everything in a stream's folder: the bytes as they are, and what the parts hold."""
    texts = []
    for path in sorted(folder.iterdir()):
        texts += [path.name, path.read_bytes().decode("latin-1")]
        if path.suffix == ".parquet":
            texts.append(json.dumps(pl.read_parquet(path).to_dicts(), default=str))
    return "\n".join(texts)


def test_a_key_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    challenge({1: 2}).write_parquet(tmp_path / "set.parquet")
    with pytest.raises(ParameterError, match=r"importing vitals.*make one with") as caught:
        import_file("vitals", tmp_path / "set.parquet", tmp_path / "out", preset="physionet2019")
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_the_key_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(0o600)
    challenge({1: 2}).write_parquet(tmp_path / "set.parquet")
    report = import_file(
        "vitals",
        tmp_path / "set.parquet",
        tmp_path / "out",
        preset="physionet2019",
        key_file=key,
    )
    assert events(report.path)["patient"].unique().to_list() == [
        Pseudonyms(Secret(KEY.encode())).of("patient", "1")
    ]


def test_ids_of_patients_and_devices_are_replaced(own: Callable[..., ImportReport]) -> None:
    report = own()
    assert report.quarantined == {
        "duplicate event_id": 1,
        "event_time: not a time": 2,
        "malformed line: 3 fields where the header has 8": 1,
    }
    found = events(report.path)
    assert found["patient"].n_unique() == 2
    assert all(re.fullmatch("[0-9a-f]{32}", p) for p in found["patient"])
    assert found["device"].n_unique() == 1
    assert found["ward"].unique().to_list() == ["icu"]
    assert "pseudonyms in place of ids: patient, device" in str(report)


def test_no_original_id_stands_anywhere_in_what_an_import_writes(
    own: Callable[..., ImportReport],
) -> None:
    folder = own().path
    assert not [word for word in IDS if word.lower() in written(folder).lower()]
    assert KEY not in written(folder)


def test_quarantine_keeps_what_can_be_kept(own: Callable[..., ImportReport]) -> None:
    bad = pl.read_parquet(own().path / "quarantine.parquet")
    kept = {number: json.loads(row) for number, row in bad.select("source_row", "row").iter_rows()}
    assert kept[6] == "(withheld)"
    assert kept[3]["at"] == "(withheld)", "the id of the row stands in it"
    assert kept[4]["at"] == "(withheld)", "it reads like a sentence"
    assert kept[5]["at"] == "2024-01-01T10:02:30Z"
    assert {*kept[5]} == {"message", "mrn", "serial", "ward", "at", "pulse"}


def test_the_same_id_is_the_same_pseudonym_in_quarantine(own: Callable[..., ImportReport]) -> None:
    report = own()
    bad = pl.read_parquet(report.path / "quarantine.parquet")
    row = json.loads(bad.filter(pl.col("source_row") == 5)["row"][0])
    assert row["mrn"] in events(report.path)["patient"].to_list()


def test_another_key_gives_other_pseudonyms(
    own: Callable[..., ImportReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {*events(own().path)["patient"]}
    again = {*events(own().path)["patient"]}
    monkeypatch.setenv(VARIABLE, KEY + "!")
    other = {*events(own().path)["patient"]}
    assert before == again
    assert not before & other


def test_a_patient_and_a_device_of_one_name_have_different_pseudonyms(
    own: Callable[..., ImportReport],
) -> None:
    row = events(own(ROWS.replace("sn-0815", "MRN-004711")).path).row(0, named=True)
    assert row["patient"] != row["device"]


def test_event_ids_that_hold_a_patients_id_are_replaced(own: Callable[..., ImportReport]) -> None:
    folder = own(re.sub(r"^m(\d),(MRN-\d+)", r"\2/\1,\2", ROWS, flags=re.MULTILINE)).path
    assert not [word for word in IDS if word.lower() in written(folder).lower()]
    assert events(folder)["event_id"].n_unique() == 3


def test_event_ids_that_hold_none_stay(own: Callable[..., ImportReport]) -> None:
    assert events(own().path)["event_id"].to_list() == ["m1", "m2", "m3"]


def test_a_file_named_after_a_patient_is_not_named(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    path = save_lines(tmp_path / "mrn-004711.ndjson", [observation(1, "8867-4", 72, "/min")])
    report = load(path, "fhir")
    assert Stream.open(report.path).manifest.origin["file"] == "(withheld)"
    assert "mrn-004711" not in written(report.path)


def test_a_folder_of_patients_files_leaves_no_file_name(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    report = load(as_psv(challenge({104_711: 3}), tmp_path / "training"), "physionet2019")
    assert "104711" not in written(report.path)


@pytest.mark.parametrize(
    "column",
    ["name", "Patient_Name", "lastName", "birthDate", "date_of_birth", "DOB", "notes", "free_text",
     "nurse_comment", "address"],
)  # fmt: skip
def test_columns_that_look_like_names_notes_or_births_are_refused(
    own: Callable[..., ImportReport], tmp_path: Path, column: str
) -> None:
    with pytest.raises(ParameterError, match=rf"'{column}'.*list them under `ignore`") as caught:
        own(ROWS.replace("spare", column))
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_unless_the_mapping_ignores_them(own: Callable[..., ImportReport]) -> None:
    mapping = MAP.replace('["room_name"]', '["room_name", "notes"]')
    assert own(ROWS.replace("spare", "notes"), mapping).events == 3


def test_a_short_key_is_used_and_warned_of(
    own: Callable[..., ImportReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "whoever guesses it" not in str(own())
    monkeypatch.setenv(VARIABLE, "short")
    assert "whoever guesses it" in str(own())


# --- moved times


def test_times_of_a_patient_are_moved_by_one_constant_of_whole_days(
    own: Callable[..., ImportReport],
) -> None:
    plain, moved = (events(own(shift_times=shift).path) for shift in (False, True))
    both = plain.join(moved, on="event_id", suffix="_moved")
    steps = both.select("patient", step=pl.col("event_time") - pl.col("event_time_moved"))
    by_patient = steps.group_by("patient").agg(pl.col("step").unique())
    assert by_patient.height == 2
    for (step,) in by_patient["step"]:
        assert timedelta(days=1) <= step <= timedelta(days=366)
        assert step % timedelta(days=1) == timedelta(0)


def test_labels_move_with_their_patient(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    challenge({10: 5, 25: 3}).write_parquet(tmp_path / "set.parquet")
    ways = []
    for shift in (False, True):
        path = load(tmp_path / "set.parquet", "physionet2019", shift_times=shift).path
        joined = events(path).join(labels(path), on="event_id").sort("event_id")
        ways.append((joined["known_at"] - joined["event_time"]).to_list())
    assert ways[0] == ways[1]


def test_the_manifest_says_that_times_were_moved_but_not_by_how_much(
    own: Callable[..., ImportReport],
) -> None:
    origin = Stream.open(own(shift_times=True).path).manifest.origin
    assert origin["times"] == "moved by a secret constant"


def test_constants_differ_between_patients_and_keys() -> None:
    one, other = Pseudonyms(Secret(b"one")), Pseudonyms(Secret(b"other"))
    patients = [f"p{i}" for i in range(50)]
    moves = [one.shift("patient", p) for p in patients]
    assert len({*moves}) > 30
    assert moves != [other.shift("patient", p) for p in patients]


def test_a_case_without_personal_data_moves_no_times(tmp_path: Path) -> None:
    (tmp_path / "tx.csv").write_text("x\n1\n")
    with pytest.raises(ParameterError, match=r"--shift-times for fraud"):
        import_file(
            "fraud", tmp_path / "tx.csv", tmp_path / "out", preset="handbook", shift_times=True
        )


# --- units of one's own


def test_degrees_fahrenheit_become_hundredths_of_a_degree(
    own: Callable[..., ImportReport],
) -> None:
    mapping = (
        MAP
        + 'temperature = { column = "spare", offset = -32, scale = 55.5555555555556, round = true }'
    )
    rows = ROWS.replace("Blue,x", "Blue,98.6").replace("Blue,MRN-004712", "Blue,101.3")
    assert events(own(rows, mapping).path)["temperature"].to_list() == [3700, 3700, 3850]


# --- encrypted


def test_an_encrypted_import_leaves_nothing_to_read(
    own: Callable[..., ImportReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = events(own().path)
    folder = own(encrypt=True).path
    assert {path.suffix for path in folder.iterdir()} == {".json", ".aes"}
    assert events(folder).equals(plain)
    monkeypatch.setenv(VARIABLE, KEY + "!")
    with pytest.raises(StreamError, match="wrong key"):
        Stream.open(folder)


def test_a_time_in_the_seventies_may_move_before_1970_and_back(
    own: Callable[..., ImportReport],
) -> None:
    folder = own(ROWS.replace("2024-01", "1970-01"), shift_times=True).path
    assert Stream.open(folder).start < datetime(1970, 1, 1, tzinfo=UTC)
