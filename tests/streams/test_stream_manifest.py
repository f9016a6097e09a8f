"""stream.json says what a stream holds; other programs may write it too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workbench.errors import StreamError
from workbench.streams.manifest import FORMAT, Manifest
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl


def change(folder: Path, **entries: Any) -> None:
    path = folder / "stream.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def test_it_has_what_the_contract_names(folder: Path) -> None:
    document = json.loads((folder / "stream.json").read_text())
    assert document["case"] == "fraud"
    assert document["schema_version"] == 1
    assert document["counts"]["events"] == 100
    assert document["time_range"]["start"] == "2024-01-01T00:00:00.000000Z"
    assert all(len(part["sha256"]) == 64 for part in document["parts"])
    assert document["origin"] == {"by": "a test"}


def test_reading_gives_what_was_written(folder: Path) -> None:
    manifest = Manifest.read(folder)
    assert manifest.to_json() == (folder / "stream.json").read_bytes()


def test_the_hash_depends_on_the_parts_and_on_nothing_else(
    folder: Path, write: Callable[..., Path], events: pl.DataFrame, labels: pl.DataFrame
) -> None:
    before = Stream.open(folder).hash
    change(folder, origin={"by": "somebody else"})
    assert Stream.open(folder).hash == before
    assert Stream.open(write(events[:99], labels, name="other")).hash != before


def test_a_case_alone_opens_a_folder_of_another_program(folder: Path) -> None:
    ours = Stream.open(folder)
    (folder / "stream.json").write_text('{"case": "fraud"}')
    theirs = Stream.open(folder)
    assert theirs.n_events == 100
    assert theirs.n_labels == 100
    assert (theirs.start, theirs.end) == (ours.start, ours.end)
    assert theirs.hash == ours.hash
    theirs.verify()
    assert "unknown" in theirs._repr_html_()


def test_parts_may_be_a_mapping_of_name_to_hash(folder: Path) -> None:
    parts = {part.name: part.sha256 for part in Manifest.read(folder).parts}
    expected = Stream.open(folder).hash
    (folder / "stream.json").write_text(json.dumps({"case": "fraud", "parts": parts}))
    stream = Stream.open(folder)
    assert stream.hash == expected
    assert stream.n_events == 100


def test_unknown_entries_are_left_alone(folder: Path) -> None:
    change(folder, licence="CC0")
    assert Stream.open(folder).n_events == 100


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"case": ""}, "case = ''"),
        ({"counts": {"events": -1}}, "counts.events = '-1'"),
        ({"parts": [{"name": "../../secret", "kind": "events"}]}, "parts.0.name"),
        ({"parts": [{"name": "events-0.parquet", "sha256": "beef"}]}, "parts.0.sha256 = 'beef'"),
        ({"parts": [{"name": "stray.parquet"}]}, "parts.0.kind = 'stray'"),
        ({"time_range": {"start": "noon", "end": "night"}}, "noon.*and 1 more"),
    ],
)
def test_a_wrong_entry_is_named_in_one_paragraph(
    folder: Path, entries: dict[str, Any], message: str
) -> None:
    change(folder, **entries)
    with pytest.raises(StreamError, match=message) as caught:
        Stream.open(folder)
    assert "\n" not in str(caught.value)
    assert "stream.json" in str(caught.value)


def test_a_newer_format_is_refused_with_what_to_do(folder: Path) -> None:
    change(folder, format=FORMAT + 1)
    with pytest.raises(StreamError, match=f"format {FORMAT + 1}.*newer workbench"):
        Stream.open(folder)


def test_a_newer_schema_is_refused_with_what_to_do(folder: Path) -> None:
    change(folder, schema_version=99)
    with pytest.raises(StreamError, match=r"schema version 99.*newer workbench"):
        Stream.open(folder)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null"])
def test_what_is_no_json_object_is_refused(folder: Path, text: str) -> None:
    (folder / "stream.json").write_text(text)
    with pytest.raises(StreamError, match=r"stream\.json"):
        Stream.open(folder)
