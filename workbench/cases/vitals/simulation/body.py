"""What a patient's signs truly are at any time, before a device sees them."""

from __future__ import annotations

from dataclasses import dataclass
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
    wander,
)
from workbench.cases.vitals.simulation.episodes import KINDS

if TYPE_CHECKING:
    from workbench.cases.vitals.simulation.stays import Stay

SIGNS: Final = ("heart_rate", "spo2", "temperature", "systolic", "diastolic", "respiration")

_NIGHT: Final = {
    "heart_rate": -4.0,
    "spo2": -0.5,
    "temperature": -0.3,
    "systolic": -6.0,
    "diastolic": -4.0,
    "respiration": -0.8,
}
"""Half of the swing between day and night, at four in the morning."""
_SLOW: Final = {
    "heart_rate": 4.0,
    "spo2": 0.6,
    "temperature": 0.12,
    "systolic": 7.0,
    "diastolic": 4.0,
    "respiration": 1.3,
}
"""Standard deviation of what changes over an hour or two."""
_EFFORT: Final = {"heart_rate": 20.0, "respiration": 6.0, "systolic": 14.0, "diastolic": 6.0}
"""What walking, pain or a visit adds."""
_FEVER: Final = {"temperature": 1.1, "heart_rate": 8.0}
_OXYGEN_FROM: Final = (0.45, 0.8)
"""Severity of respiratory failure and of sepsis from which oxygen is given."""
_OXYGEN_HELPS: Final = 4.0


@dataclass(frozen=True, slots=True)
class Body:
    """The signs of one patient at some times of one stay, all arrays of shape (n,).

    Parameters
    ----------
    time
        Seconds since the epoch.
    signs
        Name to true values in the quantity's own unit.
    severity
        How far the episode has come, from 0 to 1.
    worry
        How worried the staff are, from 0 to 1: they see severity late and not well.
    oxygen
        Whether oxygen is given.
    """

    time: Ints
    signs: dict[str, Reals]
    severity: Reals
    worry: Reals
    oxygen: Flags

    def part(self, begin: int, end: int) -> Body:
        """Return the rows from one to before another."""
        here = slice(begin, end)
        return Body(
            self.time[here],
            {name: values[here] for name, values in self.signs.items()},
            self.severity[here],
            self.worry[here],
            self.oxygen[here],
        )


def examine(stay: Stay, time: Ints, rng: np.random.Generator) -> Body:
    """Return a patient's signs at all times at which anything is measured, in any order."""
    patient, episode = stay.patient, stay.episode
    nothing = np.zeros(time.size)
    hour = (time % DAY) / HOUR - patient.clock
    night = np.cos((hour - 4) * (2 * np.pi / 24))
    severity = nothing if episode is None else episode.severity(time)
    efforts = spells(stay.begin, stay.end, 4.0, 8 * MINUTE, 40 * MINUTE, rng)
    size = rng.uniform(0.5, 1.4, efforts[0].size + 1)
    at = inside(time, efforts)
    effort = np.where((at >= 0) & (night < 0.5), size[at], 0.0)
    fever = patient.fever * _hump(time - stay.begin, 16 * HOUR, 44 * HOUR)
    fast = wander(time, 20 * MINUTE, rng) < 3 * severity - 1.5
    oxygen = _oxygen(stay, severity)
    signs: dict[str, Reals] = {}
    for name in SIGNS:
        value = getattr(patient, name) + _NIGHT[name] * night
        value = value + _SLOW[name] * wander(time, 1.5 * HOUR, rng)
        value = value + _EFFORT.get(name, 0.0) * effort + _FEVER.get(name, 0.0) * fever
        if episode is not None:
            gain = 0.5 if name == "heart_rate" and patient.beta_blocked else 1.0
            effect = gain * episode.effect(name, severity)
            # An arrhythmia comes in spells: the further it has come, the more of the time.
            value = value + (effect * fast if _is(stay, "arrhythmia") else effect)
        signs[name] = value
    signs["spo2"] = signs["spo2"] + _OXYGEN_HELPS * oxygen
    seen = nothing if episode is None else episode.severity(time - HOUR)
    unsure = 0.12 * wander(time, 3 * HOUR, rng)
    worry = np.clip(1.1 * seen + unsure + 0.15 * patient.lung_disease, 0.0, 1.0)
    return Body(time, signs, severity, worry, oxygen)


def _oxygen(stay: Stay, severity: Reals) -> Flags:
    if _is(stay, "respiratory_failure"):
        return np.asarray(severity > _OXYGEN_FROM[0])
    if _is(stay, "sepsis"):
        return np.asarray(severity > _OXYGEN_FROM[1])
    return np.zeros(severity.size, np.bool_)


def _is(stay: Stay, kind: str) -> bool:
    return stay.episode is not None and KINDS[stay.episode.kind].name == kind


def _hump(since: Ints, begin: int, end: int) -> Reals:
    """Return a rise and fall between two times, 1 in the middle."""
    part = np.clip((since - begin) / (end - begin), 0.0, 1.0)
    return np.asarray(np.sin(np.pi * part))
