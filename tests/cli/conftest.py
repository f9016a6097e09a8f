"""Commands are run inside this process: a new one would cost seconds each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from workbench.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Stdout as the one JSON object that it must be."""
        found = orjson.loads(self.out)
        assert isinstance(found, dict)
        return found


@pytest.fixture
def workbench(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Done]:
    """Run a command: ``workbench("inspect", folder)``."""
    # What stands on stderr must not depend on what ran before on this machine.
    monkeypatch.setenv("WORKBENCH_PROGRESS", "off")

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated stream; tests read it and do not change it."""
    folder = tmp_path_factory.mktemp("cli") / "small"
    assert main(["simulate", "fraud", "--out", str(folder), "--days", "20", "--scale", "0.08"]) == 0
    return folder


@pytest.fixture(scope="session")
def quick() -> list[str]:
    """Settings for a stream of a few days, which the usual week of warm-up would swallow."""
    return ["-p", "warm_up=12h", "-p", "negatives=1.0"]


@pytest.fixture(scope="session")
def run(stream: Path, quick: list[str]) -> Path:
    """A finished run over the small stream."""
    folder = stream.parent / "run"
    assert main(["replay", "fraud", "--stream", str(stream), "--out", str(folder), *quick]) == 0
    return folder
