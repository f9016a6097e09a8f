"""How fast a recorded stream is published."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.durations import SECOND
from workbench.errors import ParameterError
from workbench.live.speed import Speed

TIMES = np.arange(0, 100 * SECOND, SECOND)


@pytest.mark.parametrize("text", ["", "fast", "0x", "0/s", "-1x", "60", "x", "60x/s", "1000 /s"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="--speed"):
        Speed.of(text)


def test_as_fast_as_possible_nothing_waits_and_chunks_are_full() -> None:
    speed = Speed.of("max")

    assert speed.due(10**12, 10**6) == 0
    assert speed.together(TIMES, 7) == 7
    assert speed.together(TIMES, 1_000) == 100


def test_at_a_multiple_of_event_time_messages_come_as_they_happened() -> None:
    speed = Speed.of("60x")

    assert speed.due(60 * SECOND, 12345) == 1.0
    # 60 times 50 ms is 3 s: what happened within them goes together.
    assert speed.together(TIMES, 1_000) == 3


def test_at_a_rate_only_the_number_counts() -> None:
    speed = Speed.of("1000/s")

    assert speed.due(10**12, 500) == 0.5
    assert speed.together(TIMES, 1_000) == 50


@pytest.mark.parametrize("text", ["0.001x", "0.1/s"])
def test_however_slow_one_message_is_sent_at_a_time(text: str) -> None:
    assert Speed.of(text).together(TIMES, 1_000) == 1
