"""Where a recording begins and ends, as people write it."""

from __future__ import annotations

import pytest

from workbench.errors import ParameterError
from workbench.live.edge import Edge, spell


def test_nothing_is_neither_time_nor_offsets() -> None:
    assert Edge.of(None, "--from") == Edge()


def test_a_date_is_its_first_moment() -> None:
    assert Edge.of("1970-01-02", "--from") == Edge(time=86_400_000_000)


def test_offsets_are_read_as_they_are_spelled() -> None:
    offsets = {"events/0": 120, "events/11": 0, "labels/3": 7}

    assert Edge.of(spell(offsets), "--from") == Edge(offsets=offsets)


@pytest.mark.parametrize(
    "text", ["=", "events/0=", "events=3", "scores/0=3", "events/0=-1", "events/0=1,events/0=2"]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="--until"):
        Edge.of(text, "--until")
