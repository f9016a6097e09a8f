from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tuning_examples import payments, small_study, write

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.streams.recorded import Stream
    from workbench.tuning.study import Study


@pytest.fixture(scope="session")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return write(tmp_path_factory.mktemp("tuning") / "stream", *payments())


@pytest.fixture(scope="session")
def finished(stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of five trials that nothing disturbed; not to be changed."""
    return small_study(stream, tmp_path_factory.mktemp("tuning") / "study")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "study"
