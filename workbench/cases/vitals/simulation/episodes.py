"""How patients deteriorate: four kinds, each over hours, each in its own signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from workbench.cases.vitals.simulation.draws import HOUR, Ints, Reals


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to deteriorate.

    Parameters
    ----------
    name, description
        As the ground truth calls and explains it.
    share
        Of the episodes, until it changes.
    hours
        Shortest and longest time from the first change of a sign to deterioration.
    effects
        Sign or laboratory value → change at full severity, in the quantity's own unit, and the
        power of the severity with which it comes: above 1 late, below 1 early.
    """

    name: str
    description: str
    share: float
    hours: tuple[float, float]
    effects: dict[str, tuple[float, float]]


KINDS: Final = (
    Kind(
        "sepsis",
        "fever, fast heart and breath over many hours, then falling pressure and confusion",
        0.38,
        (8, 20),
        {
            "heart_rate": (34, 0.8),
            "respiration": (9, 0.9),
            "temperature": (1.7, 0.7),
            "systolic": (-36, 2.0),
            "diastolic": (-18, 1.8),
            "spo2": (-4, 1.6),
            "lactate": (3.2, 1.3),
            "wbc": (9, 0.8),
            "creatinine": (0.9, 1.4),
            "platelets": (-80, 1.5),
            "bicarbonate": (-6, 1.4),
            "bilirubin_total": (1.2, 1.5),
            "consciousness": (1.0, 3.0),
        },
    ),
    Kind(
        "respiratory_failure",
        "faster breath and falling saturation over hours, oxygen is given and hides it a while",
        0.27,
        (5, 16),
        {
            "respiration": (14, 0.8),
            "spo2": (-10, 1.5),
            "heart_rate": (20, 1.0),
            "paco2": (14, 1.5),
            "ph": (-0.12, 1.7),
            "consciousness": (1.0, 4.0),
        },
    ),
    Kind(
        "bleeding",
        "rising heart rate over hours while the pressure holds, then it falls at once",
        0.15,
        (3, 10),
        {
            "heart_rate": (42, 0.9),
            "systolic": (-44, 3.0),
            "diastolic": (-20, 2.5),
            "respiration": (6, 1.3),
            "temperature": (-0.4, 1.0),
            "hemoglobin": (-4.2, 0.9),
            "hematocrit": (-12, 0.9),
            "lactate": (2.4, 1.6),
        },
    ),
    Kind(
        "arrhythmia",
        "spells of a fast irregular heart, longer and longer within a few hours",
        0.20,
        (1, 5),
        {
            "heart_rate": (64, 1.0),
            "systolic": (-18, 1.2),
            "diastolic": (-6, 1.2),
            "respiration": (4, 1.2),
            "spo2": (-1.5, 1.2),
        },
    ),
)

RISES: Final = (0.6, "respiratory_failure", 2.0)
"""From this part of the stream on, this kind is so many times as frequent: a wave of influenza."""

_MOVED: Final = 0.7
_QUIET: Final = 10 * HOUR


@dataclass(frozen=True, slots=True)
class Episode:
    """One deterioration.

    Parameters
    ----------
    kind
        Place in :data:`KINDS`.
    begin
        When the first sign changes, seconds since the epoch.
    onset
        When the ward charts the deterioration.
    end
        When the signs are usual again; after the stay where the patient is moved.
    strength
        Multiplies the effects.
    """

    kind: int
    begin: int
    onset: int
    end: int
    strength: float

    def severity(self, time: Ints) -> Reals:
        """Return how far it has come, from 0 to 1, shape (n,)."""
        up = (time - self.begin) / max(1, self.onset - self.begin)
        down = (self.end - time) / max(1, self.end - self.onset - HOUR)
        return np.asarray(np.clip(np.minimum(up, down), 0.0, 1.0))

    def effect(self, name: str, severity: Reals) -> Reals | float:
        """Return what it adds to a sign or laboratory value."""
        change, power = KINDS[self.kind].effects.get(name, (0.0, 1.0))
        return self.strength * change * severity**power if change else 0.0


def deteriorate(
    begin: int, end: int, share: float, part: float, rng: np.random.Generator
) -> tuple[Episode | None, int]:
    """Draw whether and how a patient deteriorates, and when the stay then ends.

    Most are moved to intensive care within hours of the onset; the others recover.

    Parameters
    ----------
    begin, end
        The stay as it was planned.
    share
        Probability.
    part
        How much of the stream has passed, from 0 to 1.
    """
    weights = np.array([kind.share for kind in KINDS])
    if part >= RISES[0]:
        weights[[kind.name for kind in KINDS].index(RISES[1])] *= RISES[2]
    kind = int(rng.choice(len(KINDS), p=weights / weights.sum()))
    hours = rng.uniform(*KINDS[kind].hours)
    onset = int(rng.uniform(begin + _QUIET, max(end, begin + _QUIET + 1)))
    moved, after, recovery = rng.random() < _MOVED, rng.uniform(0.7, 3.0), rng.uniform(8, 24)
    strength = float(rng.lognormal(0.0, 0.22))
    if rng.random() >= share * weights.sum() or end - begin < _QUIET + 4 * HOUR:
        return None, end
    first = max(onset - int(hours * HOUR), begin + HOUR)
    over = onset + int((recovery + 1) * HOUR)
    stay_end = onset + int(after * HOUR) if moved else max(end, over)
    return Episode(kind, first, onset, over, strength), stay_end
