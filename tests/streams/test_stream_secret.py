"""A key comes from the environment or a file of its owner's, and shows itself nowhere."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workbench.errors import ParameterError
from workbench.streams import secret
from workbench.streams.secret import Secret, find_secret, need_secret

if TYPE_CHECKING:
    from pathlib import Path

WORD = "a-word-that-nobody-may-see"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(f"{WORD}\n")
    path.chmod(0o600)
    return path


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(secret.KEY, raising=False)
    monkeypatch.delenv(secret.KEY_FILE, raising=False)


def derived(found: Secret | None) -> bytes:
    assert found is not None
    return found.derive("a test")


def test_there_may_be_none() -> None:
    assert find_secret() is None


def test_the_environment_a_file_and_a_named_file_hold_the_same_key(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_file = derived(find_secret(key_file))
    monkeypatch.setenv(secret.KEY_FILE, str(key_file))
    assert derived(find_secret()) == by_file
    monkeypatch.setenv(secret.KEY, WORD)
    monkeypatch.delenv(secret.KEY_FILE)
    assert derived(find_secret()) == by_file


def test_a_file_that_is_given_comes_before_the_environment(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(secret.KEY, "another")
    assert derived(find_secret(key_file)) == derived(Secret(WORD.encode()))


def test_without_one_the_message_says_how_to_make_it() -> None:
    with pytest.raises(ParameterError, match=r"secrets\.token_hex.*--key-file FILE") as caught:
        need_secret(None, "importing")
    assert "WORKBENCH_PSEUDONYM_KEY" in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_that_others_may_use_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(ParameterError, match=r"others may use it.*chmod 600") as caught:
        find_secret(key_file)
    assert WORD not in str(caught.value)


def test_a_file_of_another_user_is_refused(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(ParameterError, match="others may use it"):
        find_secret(key_file)


def test_an_empty_file_is_refused(key_file: Path) -> None:
    key_file.write_text(" \n")
    with pytest.raises(ParameterError, match="it is empty"):
        find_secret(key_file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="No such file"):
        find_secret(tmp_path / "none")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(ParameterError, match="Is a directory"):
        find_secret(tmp_path)


def test_it_shows_itself_nowhere() -> None:
    held = Secret(WORD.encode())
    assert WORD not in f"{held} {held!r} {[held]} {held.__class__.__dict__}"
    assert not hasattr(held, "__dict__")
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(held)


def test_a_short_one_is_known_to_be_guessable() -> None:
    assert Secret(b"fifteen letters").short
    assert not Secret(b"sixteen letters.").short


@pytest.mark.parametrize("salt", [b"", b"0123456789abcdef"])
def test_keys_are_derived_by_hkdf(salt: bytes) -> None:
    expected = HKDF(SHA256(), 32, salt or None, b"workbench a test").derive(WORD.encode())
    assert Secret(WORD.encode()).derive("a test", salt) == expected
