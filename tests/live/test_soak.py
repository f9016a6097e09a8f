"""The short form of ``make soak``: each process and each server is killed once under load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.live.soak import SERVERS, soak
from workbench.errors import ServiceError
from workbench.live.services.kinds import kind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(900)
def test_after_every_process_and_server_was_killed_nothing_is_lost_doubled_or_different(
    tmp_path: Path,
) -> None:
    try:
        for name in SERVERS:
            kind(name).require()
    except ServiceError as error:
        pytest.skip(str(error))

    found = soak(tmp_path / "soak", kills=9, seed=2, days=2.0, pause=2.5)

    assert {what: number for what, number in found.items() if number} == {}
