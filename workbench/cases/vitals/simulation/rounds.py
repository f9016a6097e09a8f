"""Who measures what and when: more often where staff worry, less where a patient is well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from workbench.cases.vitals.simulation.draws import (
    DAY,
    HOUR,
    MINUTE,
    Flags,
    Ints,
    Reals,
    inside,
    spells,
)

if TYPE_CHECKING:
    from workbench.cases.vitals.simulation.hospital import Ward
    from workbench.cases.vitals.simulation.stays import Stay

_WORRIED: Final = 0.4
_NIGHT_ENDS: Final = 5
_AWAY_A_DAY: Final = 1.6


def monitor(stay: Stay, interval: int, rng: np.random.Generator) -> Ints:
    """Return when the bedside monitor sends, shape (n,): regularly, to a few seconds."""
    time = np.arange(stay.begin + interval, stay.end, interval)
    return np.asarray(time + rng.integers(-4, 5, time.size), np.int64)


def connected(time: Ints, stay: Stay, worry: Flags, rng: np.random.Generator) -> Flags:
    """Return when the monitor is connected: who is well walks about, who is ill seldom does."""
    away = inside(time, spells(stay.begin, stay.end, _AWAY_A_DAY, 25 * MINUTE, 90 * MINUTE, rng))
    hour = time % DAY // HOUR
    awake = (hour >= 7) & (hour < 22)
    return np.asarray((away < 0) | ~awake | worry)


def cuff(ward: Ward, stay: Stay) -> Ints:
    """Return when the bed's own cuff may measure, three times as often as it does."""
    if not ward.cuff:
        return np.empty(0, np.int64)
    return np.arange(stay.begin + 5 * MINUTE, stay.end, ward.cuff // 3, dtype=np.int64)


def inflated(time: Ints, worried: Flags) -> Flags:
    """Return which of these the cuff takes: every third, and each where staff worry."""
    return np.asarray((np.arange(time.size) % 3 == 0) | worried)


def visits(stay: Stay, rng: np.random.Generator) -> Ints:
    """Return when somebody may come with the spot-check device: once an hour."""
    time = np.arange(stay.begin + 25 * MINUTE, stay.end, HOUR, dtype=np.int64)
    return np.asarray(time + rng.integers(-20 * MINUTE, 20 * MINUTE + 1, time.size))


def visited(time: Ints, ward: Ward, worried: Flags, rng: np.random.Generator) -> Flags:
    """Return which of these take place: on rounds, and more where staff worry.

    At night half of the rounds at patients who are well are left out: nobody is woken.
    """
    regular = np.arange(time.size) % ward.rounds == 0
    asleep = (time % DAY // HOUR < _NIGHT_ENDS) & (rng.random(time.size) < 0.5)
    extra = worried & (rng.random(time.size) < 0.6)
    return np.asarray((regular & ~asleep) | extra)


def draws(stay: Stay, rng: np.random.Generator) -> Ints:
    """Return when blood may be drawn, every two hours."""
    time = np.arange(stay.begin + HOUR, stay.end, 2 * HOUR, dtype=np.int64)
    return np.asarray(time + rng.integers(-15 * MINUTE, 15 * MINUTE + 1, time.size))


def drawn(time: Ints, worried: Flags, rng: np.random.Generator) -> Flags:
    """Return which of these are: on admission, in the morning, and where staff worry."""
    morning = (time % DAY >= 5 * HOUR) & (time % DAY < 7 * HOUR)
    first = np.arange(time.size) == 0
    extra = worried & (rng.random(time.size) < 0.35)
    return np.asarray(first | (morning & (rng.random(time.size) < 0.8)) | extra)


def worried(worry: Reals) -> Flags:
    """Return where staff worry enough to measure more."""
    return np.asarray(worry > _WORRIED)
