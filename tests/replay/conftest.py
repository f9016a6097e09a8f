"""A small simulated stream, as a folder and in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.case import get_case
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "small"
    case = get_case("fraud")
    with StreamWriter(path, "fraud", case.schema, {"simulator": "fraud"}) as writer:
        case.load("simulate")(writer, days=20, seed=5, scale=0.1)
    return path


@pytest.fixture(scope="session")
def stream(folder: Path) -> Stream:
    return Stream.open(folder)
