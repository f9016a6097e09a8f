"""What devices make of a patient's signs when something is wrong that is not the patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from workbench.cases.vitals.simulation.draws import HOUR, MINUTE, Ints, Reals, inside, spells

if TYPE_CHECKING:
    from workbench.cases.vitals.simulation.stays import Stay


@dataclass(frozen=True, slots=True)
class Artefact:
    """A way for a measurement to be wrong.

    Parameters
    ----------
    name, description
        As the ground truth calls and explains it.
    a_day
        Spells in a patient-day; for a cuff, the part of its measurements.
    seconds
        Shortest and longest.
    """

    name: str
    description: str
    a_day: float
    seconds: tuple[float, float] = (0.0, 0.0)


PROBE_OFF: Final = Artefact(
    "probe_off",
    "the finger probe has slipped: saturation reads 45 to 80 or nothing",
    0.5,
    (12 * MINUTE, HOUR),
)
MOTION: Final = Artefact(
    "motion",
    "the patient moves: heart rate and breath read too high, saturation too low, for minutes",
    2.5,
    (MINUTE, 16 * MINUTE),
)
FLAT_LINE: Final = Artefact(
    "flat_line", "the monitor repeats its last values for hours", 0.10, (HOUR, 8 * HOUR)
)
MIS_SET: Final = Artefact(
    "mis_set",
    "the monitor is set wrong and counts each heart beat twice, for hours",
    0.04,
    (2 * HOUR, 12 * HOUR),
)
CUFF_ERROR: Final = Artefact(
    "cuff_error", "the cuff is loose, or the arm was bent: a pressure far too low or high", 0.025
)
DUPLICATE: Final = Artefact("duplicate", "a message was sent twice, with two ids", 0.004)
AFTER_DISCHARGE: Final = Artefact(
    "after_discharge",
    "the monitor goes on for a while after the patient has left",
    0.05,
    (10 * MINUTE, 45 * MINUTE),
)
ARTEFACTS: Final = (
    PROBE_OFF,
    MOTION,
    FLAT_LINE,
    MIS_SET,
    CUFF_ERROR,
    DUPLICATE,
    AFTER_DISCHARGE,
)
"""An artefact's number in tables is its place here plus 1; where two meet the later one stays."""


def number_of(artefact: Artefact) -> int:
    """Return an artefact's number in tables."""
    return ARTEFACTS.index(artefact) + 1


def disturb(signs: dict[str, Reals], time: Ints, stay: Stay, rng: np.random.Generator) -> Ints:
    """Change what a monitor sends, in place; return the artefact of each row, 0 for none.

    Parameters
    ----------
    signs
        ``heart_rate``, ``spo2`` and ``respiration`` as they would be sent, shape (n,).
    time
        When, ascending, seconds since the epoch.
    stay
        Whose.
    rng
        The stay's random stream.
    """
    found = np.zeros(time.size, np.int64)

    def during(artefact: Artefact) -> Ints:
        drawn = spells(stay.begin, stay.end, artefact.a_day, *artefact.seconds, rng)
        at = inside(time, drawn)
        found[at >= 0] = number_of(artefact)
        return at

    heart, saturation, breath = (signs[name] for name in ("heart_rate", "spo2", "respiration"))
    off = during(PROBE_OFF) >= 0
    read = np.where(rng.random(time.size) < 0.5, rng.uniform(45, 80, time.size), np.nan)
    saturation[off] = read[off]
    moving = during(MOTION) >= 0
    shaken = rng.uniform(0.6, 1.0, time.size) * moving
    heart += np.round(60 * shaken)
    breath += np.round(18 * shaken)
    saturation -= np.round(12 * shaken)
    wrong = during(MIS_SET) >= 0
    heart[wrong] = np.minimum(2 * heart[wrong], 290)
    at = during(FLAT_LINE)
    held = at >= 0
    # The first row of each spell is what the others repeat.
    first = np.searchsorted(at[held], at[held], side="left")
    for values in (heart, saturation, breath):
        values[held] = values[held][first]
    return found


def misread(
    systolic: Reals, diastolic: Reals, rng: np.random.Generator, part: float = CUFF_ERROR.a_day
) -> Ints:
    """Change what a cuff measures, in place; return the artefact of each row, 0 for none."""
    wrong = rng.random(systolic.size) < part
    factor = np.where(rng.random(systolic.size) < 0.6, 0.55, 1.5)
    systolic[wrong] = np.round(systolic * factor)[wrong]
    diastolic[wrong] = np.round(diastolic * factor)[wrong]
    return np.where(wrong, number_of(CUFF_ERROR), 0)
