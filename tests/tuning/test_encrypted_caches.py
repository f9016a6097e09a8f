"""What tuning keeps of an encrypted stream is nothing to who has not the key."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from tuning_examples import payments, small_study, write

from workbench.case import get_case
from workbench.errors import StreamError
from workbench.replay.setup import Setup
from workbench.streams.encryption import new_cipher
from workbench.streams.recorded import Stream
from workbench.streams.secret import KEY, KEY_FILE
from workbench.streams.writer import StreamWriter
from workbench.tuning import files
from workbench.tuning.cache import FeatureCache, build_features
from workbench.tuning.caches import open_cache
from workbench.tuning.events import build_events
from workbench.tuning.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

WORD = "a-word-that-nobody-may-see"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_FILE, raising=False)
    monkeypatch.setenv(KEY, WORD)


@pytest.fixture
def sealed(tmp_path: Path) -> Stream:
    return write(tmp_path / "sealed", *payments(), new_cipher(None))


def cached(stream: Stream, folder: Path) -> Path:
    build_features(stream, Setup.of("fraud"), 0, Plan.of(stream).moment("split"), folder)
    return folder


def endings(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != ".aes"}


def test_a_cache_of_an_encrypted_stream_holds_what_one_of_a_plain_stream_holds(
    sealed: Stream, stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIECE", 40_000)
    plain = FeatureCache.open(cached(stream, tmp_path / "plain"))
    found = FeatureCache.open(cached(sealed, tmp_path / "cache"))
    assert len(list((tmp_path / "cache").glob("X-*"))) > 2
    assert found.X.tobytes() == plain.X.tobytes()
    for name in ("time", "sequence", "values", "known", "entity", "at"):
        assert np.array_equal(getattr(found, name), getattr(plain, name))
    assert found.judged.equals(plain.judged)


def test_nothing_of_it_lies_in_plain_text_on_disk(sealed: Stream, tmp_path: Path) -> None:
    folder = cached(sealed, tmp_path / "cache")
    assert endings(folder) == {files.ABOUT}
    judged = FeatureCache.open(folder).judged
    known = [judged["event_id"][0].encode(), b"event_time", b"ARROW", b"NUMPY"]
    for file in folder.iterdir():
        assert not [word for word in known if word in file.read_bytes()], file


@pytest.mark.parametrize("key", [None, "another"])
def test_without_the_key_it_is_not_opened(
    sealed: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    folder = cached(sealed, tmp_path / "cache")
    if key is None:
        monkeypatch.delenv(KEY)
    else:
        monkeypatch.setenv(KEY, key)
    with pytest.raises(StreamError, match="without a key" if key is None else "a wrong key"):
        open_cache(folder, "fraud")


def test_who_has_opened_the_stream_needs_no_key_again(
    sealed: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cached(sealed, tmp_path / "cache")
    monkeypatch.delenv(KEY)
    assert len(open_cache(folder, "fraud", sealed.cipher).time)


def test_a_piece_that_was_changed_or_exchanged_is_noticed(
    sealed: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIECE", 40_000)
    folder = cached(sealed, tmp_path / "cache")
    first, second, *_ = sorted(folder.glob("X-*"))
    shutil.copy(first, second)
    with pytest.raises(StreamError, match="changed, truncated, or another file"):
        FeatureCache.open(folder)


def test_events_that_recommenders_are_tuned_on_are_encrypted_too(tmp_path: Path) -> None:
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    events = pl.DataFrame(
        {
            "event_id": [f"{k}" for k in range(6)],
            "event_time": [begin + timedelta(minutes=k) for k in range(6)],
            "session": ["a-session-of-somebody"] * 6,
            "item": [f"item-{k % 3}" for k in range(6)],
            "kind": ["view"] * 6,
        }
    )
    schema = get_case("recommend").schema
    with StreamWriter(tmp_path / "s", "recommend", schema, {}, new_cipher(None)) as writer:
        writer.events(events)
    stream = Stream.open(tmp_path / "s")
    folder = tmp_path / "cache"
    build_events(stream, Setup.of("recommend"), begin + timedelta(minutes=5), folder)
    assert endings(folder) == {files.ABOUT}
    for file in folder.iterdir():
        assert b"somebody" not in file.read_bytes()
    judged = open_cache(folder, "recommend").judged
    assert judged["event_id"].to_list() == ["0", "1", "2", "3", "4"]


def test_several_processes_tune_on_an_encrypted_stream(sealed: Stream, tmp_path: Path) -> None:
    study = small_study(sealed, tmp_path / "study", trials=3, jobs=2, keep_cache=True)
    assert len(study.trials) == 3
    assert study.trials["message"].null_count() == 3
    for folder in (study.path / "cache").iterdir():
        assert endings(folder) == {files.ABOUT}
