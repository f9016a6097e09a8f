"""A small stream, replayed whole and in two halves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from workbench.artifacts.export import export
from workbench.case import get_case
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from workbench.artifacts.artifact import Artifact
    from workbench.replay.run import Run

MIDDLE = datetime(2025, 3, 18, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Halves:
    """A replay that was never interrupted, and an artifact from the middle of it."""

    stream: Stream
    whole: Run
    artifact: Artifact


@pytest.fixture(scope="session")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    folder = tmp_path_factory.mktemp("artifacts") / "small"
    case = get_case("fraud")
    with StreamWriter(folder, "fraud", case.schema, {"simulator": "fraud"}) as writer:
        case.load("simulate")(writer, days=24, seed=3, scale=0.08)
    return Stream.open(folder)


@pytest.fixture(scope="session", params=["additive", "logistic", "half-space-trees", "rule"])
def halves(
    request: pytest.FixtureRequest, stream: Stream, tmp_path_factory: pytest.TempPathFactory
) -> Halves:
    folder = tmp_path_factory.mktemp(request.param)
    setup = Setup.of("fraud", request.param)
    whole = replay(stream, setup, folder / "whole")
    part = replay(stream, setup, folder / "part", until=MIDDLE)
    return Halves(stream, whole, export(part, folder / "artifact"))
