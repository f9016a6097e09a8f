"""Vital signs on the command line: keys, pseudonyms and encrypted streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from vitals_examples import KEY, challenge

from workbench.cli import main
from workbench.streams.secret import KEY as VARIABLE
from workbench.streams.secret import KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Run = tuple[int, str, str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Run a command: exit code, stdout, stderr; without any key in the environment."""
    monkeypatch.setenv("WORKBENCH_PROGRESS", "off")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv(KEY_FILE, raising=False)

    def _run(*arguments: object) -> Run:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert KEY not in out + err
        return code, out, err

    return _run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "set.parquet"
    challenge({1: 4, 2: 5}).write_parquet(path)
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(0o600)
    return path


def importing(source: Path, *more: object) -> list[object]:
    out = source.parent / "out"
    return ["import", "vitals", source, "--preset", "physionet2019", "--out", out, *more]


def test_an_import_without_a_key_ends_with_2_and_says_how_to_make_one(
    run: Callable[..., Run], source: Path
) -> None:
    code, out, err = run(*importing(source))
    assert (code, out) == (2, "")
    assert "secrets.token_hex" in err
    assert "--key-file" in err
    assert VARIABLE in err
    assert "Traceback" not in err
    assert not (source.parent / "out").exists()


def test_with_a_key_it_says_what_was_replaced(
    run: Callable[..., Run], source: Path, key: Path
) -> None:
    code, out, _ = run(*importing(source, "--key-file", key, "--json"))
    assert code == 0
    report = orjson.loads(out)
    assert report["pseudonyms"] == ["patient", "device"]
    assert report["events"] == 9


def test_a_key_file_that_others_may_read_ends_with_2(
    run: Callable[..., Run], source: Path, key: Path
) -> None:
    key.chmod(0o644)
    code, _, err = run(*importing(source, "--key-file", key))
    assert code == 2
    assert "chmod 600" in err


def test_an_encrypted_stream_is_inspected_with_its_key_and_not_without(
    run: Callable[..., Run], source: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(*importing(source, "--key-file", key, "--encrypt"))[0] == 0
    folder = source.parent / "out"
    code, _, err = run("inspect", folder)
    assert code == 2
    assert "encrypted, without a key" in err
    monkeypatch.setenv(VARIABLE, "a wrong key of some length")
    code, _, err = run("inspect", folder)
    assert code == 2
    assert "with a wrong key" in err
    monkeypatch.setenv(VARIABLE, KEY)
    code, out, _ = run("inspect", folder, "--verify", "--json")
    assert code == 0
    assert orjson.loads(out)["encrypted"] is True


def test_what_is_simulated_can_be_encrypted(
    run: Callable[..., Run], tmp_path: Path, key: Path
) -> None:
    simulate = ["simulate", "vitals", "--out", tmp_path / "s", "--days", "1", "--scale", "0.05"]
    code, _, err = run(*simulate, "--encrypt", "--key-file", key)
    assert code == 0, err
    assert run("inspect", tmp_path / "s")[0] == 2
