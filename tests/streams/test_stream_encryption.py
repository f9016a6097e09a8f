"""An encrypted stream is the same to who has the key, and nothing to who has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import polars as pl
import pytest
from stream_examples import labels_of, payments

from workbench.cases.fraud.schema import SCHEMA
from workbench.errors import StreamError
from workbench.streams import writer as writing
from workbench.streams.encryption import Cipher, new_cipher
from workbench.streams.inspection import inspect
from workbench.streams.recorded import Stream
from workbench.streams.secret import KEY, KEY_FILE, Secret
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORD = "a-word-that-nobody-may-see"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a stream of several parts with everything a stream may have."""
    monkeypatch.setattr(writing, "PART_ROWS", 40)
    monkeypatch.delenv(KEY_FILE, raising=False)
    monkeypatch.setenv(KEY, WORD)

    def _store(cipher: Cipher | None, name: str = "stream") -> Path:
        events = payments(100)
        bad = pl.DataFrame({"source_row": [3], "reason": ["why"], "row": ['{"card": "c9"}']})
        with StreamWriter(tmp_path / name, "fraud", SCHEMA, {"by": "a test"}, cipher) as made:
            made.events(events)
            made.labels(labels_of(events))
            made.pattern(pl.DataFrame({"event_id": ["10000000"], "pattern": ["stolen"]}))
            made.truth = {"patterns": [{"name": "stolen"}]}
            made.quarantine(bad)
        return tmp_path / name

    return _store


@pytest.fixture
def folder(store: Callable[..., Path]) -> Path:
    return store(new_cipher(None))


def same(one: Path, other: Path) -> bool:
    """Whether two streams hold the same, part for part."""
    a, b = Stream.open(one), Stream.open(other)
    a.verify()
    b.verify()
    return (
        pl.concat(list(a.batches(7))).equals(pl.concat(list(b.batches())))
        and pl.concat(list(a.labels(7))).equals(pl.concat(list(b.labels())))
        and a.pattern().equals(b.pattern())
        and a.truth == b.truth
    )


def test_with_the_key_it_is_read_like_any_other(folder: Path, store: Callable[..., Path]) -> None:
    plain = store(None, "plain")
    assert same(folder, plain)
    about = [inspect(Stream.open(path)).to_dict() for path in (folder, plain)]
    differ = {k for k in about[0] if about[0][k] != about[1][k]}
    assert differ == {"path", "encrypted", "hash"}


def test_the_key_may_lie_in_a_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    key.write_text(WORD)
    key.chmod(0o600)
    monkeypatch.delenv(KEY)
    assert Stream.open(folder, key_file=key).n_events == 100
    monkeypatch.setenv(KEY_FILE, str(key))
    assert Stream.open(folder).n_events == 100


def test_nothing_in_the_folder_can_be_read_without_it(folder: Path) -> None:
    parts = [path for path in folder.iterdir() if path.name != "stream.json"]
    assert {path.suffix for path in parts} == {".aes"}
    assert len(parts) == 3 + 3 + 1 + 1 + 1
    for path in parts:
        held = path.read_bytes()
        assert not held.startswith(b"PAR1")
        assert not any(word in held for word in (b"stolen", b"event_id", b"pattern"))


def test_the_manifest_says_how_and_nothing_of_the_key(folder: Path) -> None:
    manifest = (folder / "stream.json").read_bytes()
    about = orjson.loads(manifest)["encryption"]
    assert about["cipher"] == "AES-256-GCM"
    assert WORD.encode() not in manifest
    assert Stream.open(folder).describe()["encrypted"] is True


@pytest.mark.parametrize(
    ("value", "message"),
    [(None, "encrypted, without a key"), ("", "without a key"), ("another", "with a wrong key")],
)
def test_without_the_key_nothing_is_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, value: str | None, message: str
) -> None:
    if value is None:
        monkeypatch.delenv(KEY)
    else:
        monkeypatch.setenv(KEY, value)
    with pytest.raises(StreamError, match=message) as caught:
        Stream.open(folder)
    assert KEY in str(caught.value)
    assert WORD not in str(caught.value)


def test_a_key_file_that_others_may_read_opens_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    key.write_text(WORD)
    key.chmod(0o644)
    monkeypatch.delenv(KEY)
    monkeypatch.setenv(KEY_FILE, str(key))
    with pytest.raises(StreamError, match="others may use it"):
        Stream.open(folder)


def test_a_part_cannot_take_another_parts_place(folder: Path) -> None:
    first, second = sorted(folder.glob("events-*"))[:2]
    first.write_bytes(second.read_bytes())
    with pytest.raises(StreamError, match="another file under its name"):
        Stream.open(folder)


def test_a_part_of_another_stream_with_the_same_key_cannot_take_its_place(
    folder: Path, store: Callable[..., Path]
) -> None:
    other = store(new_cipher(None), "other")
    name = "labels-00000.parquet.aes"
    (folder / name).write_bytes((other / name).read_bytes())
    with pytest.raises(StreamError, match="another file under its name"):
        Stream.open(folder)


@pytest.mark.parametrize("at", [0, 20, -1])
def test_a_changed_bit_is_noticed(folder: Path, at: int) -> None:
    path = folder / "events-00000.parquet.aes"
    held = bytearray(path.read_bytes())
    held[at] ^= 1
    path.write_bytes(held)
    with pytest.raises(StreamError, match="changed, truncated"):
        Stream.open(folder)


@pytest.mark.parametrize("kept", [0, 5, 100])
def test_a_truncated_part_is_noticed(folder: Path, kept: int) -> None:
    path = folder / "labels-00000.parquet.aes"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(StreamError, match="changed, truncated"):
        Stream.open(folder)


def test_changed_ground_truth_is_noticed(folder: Path) -> None:
    path = folder / "truth.json.aes"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(StreamError, match="changed, truncated"):
        _ = Stream.open(folder).truth


def test_no_two_files_are_encrypted_alike() -> None:
    cipher = Cipher(Secret(b"a secret"))
    assert cipher.encrypt("a", b"the same") != cipher.encrypt("a", b"the same")
    assert Cipher(Secret(b"a secret")).about.check != cipher.about.check
