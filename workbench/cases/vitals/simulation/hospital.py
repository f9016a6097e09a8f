"""Wards with beds, and the devices that stand there, each with a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from workbench.cases.vitals.schema import GENERAL_WARD, OTHER_ICU
from workbench.cases.vitals.simulation.draws import HOUR, MINUTE, generator

if TYPE_CHECKING:
    from workbench.cases.vitals.simulation.draws import Ints

_CLOCKS: Final = 1
_BEDS_A_SPOT_CHECK: Final = 8
_ANALYSERS: Final = 2
_SKEWED: Final = 0.15
LARGEST_SKEW: Final = 10 * MINUTE
"""How far a clock can be wrong, in seconds."""


@dataclass(frozen=True, slots=True)
class Ward:
    """A ward.

    Parameters
    ----------
    name, care_unit
        As the events have them.
    beds
        At scale 1.
    monitor
        Seconds between two values of a bedside monitor.
    cuff
        Seconds between two blood pressures of the bed's own cuff; 0 where beds have none.
    rounds
        Hours between two rounds with a spot-check device.
    stay
        Median stay in hours.
    episodes
        Part of the stays in which the patient deteriorates.
    """

    name: str
    care_unit: int
    beds: int
    monitor: int
    cuff: int
    rounds: int
    stay: float
    episodes: float


WARDS: Final = (
    Ward("medical", GENERAL_WARD, 20, 15 * MINUTE, 0, 6, 76, 0.15),
    Ward("surgical", GENERAL_WARD, 18, 15 * MINUTE, 0, 6, 64, 0.13),
    Ward("step-down", OTHER_ICU, 10, 6 * MINUTE, 30 * MINUTE, 4, 48, 0.25),
)


@dataclass(frozen=True, slots=True)
class Hospital:
    """Beds and devices, fixed for the whole stream.

    Parameters
    ----------
    ward
        By bed: its ward's place in :data:`WARDS`.
    monitor, cuff, spot
        By bed: its devices' places in ``devices``; the spot-check device is shared, and where
        there is no cuff of its own its place is -1.
    analysers
        Places of the laboratory's devices.
    devices
        Names.
    skew
        By device: how many seconds its clock is ahead.
    """

    ward: Ints
    monitor: Ints
    cuff: Ints
    spot: Ints
    analysers: Ints
    devices: pl.Series
    skew: Ints


def furnish(seed: int, scale: float) -> Hospital:
    """Draw the devices and their clocks: one in seven is wrong by up to ten minutes.

    Examples
    --------
    >>> hospital = furnish(seed=0, scale=1.0)
    >>> hospital.ward.size, hospital.devices[int(hospital.monitor[0])]
    (48, 'monitor-medical-01')
    """
    beds = [max(2, round(ward.beds * scale)) for ward in WARDS]
    names: list[str] = []

    def place(name: str) -> int:
        names.append(name)
        return len(names) - 1

    ward, monitor, cuff, spot = [], [], [], []
    for number, (about, count) in enumerate(zip(WARDS, beds, strict=True)):
        shared = [
            place(f"spot-{about.name}-{k + 1}") for k in range(-(-count // _BEDS_A_SPOT_CHECK))
        ]
        for bed in range(count):
            ward.append(number)
            monitor.append(place(f"monitor-{about.name}-{bed + 1:02d}"))
            cuff.append(place(f"cuff-{about.name}-{bed + 1:02d}") if about.cuff else -1)
            spot.append(shared[bed % len(shared)])
    analysers = [place(f"analyser-{k + 1}") for k in range(_ANALYSERS)]
    rng = generator(seed, _CLOCKS)
    wrong = rng.random(len(names)) < _SKEWED
    skew = np.where(wrong, rng.integers(-LARGEST_SKEW, LARGEST_SKEW + 1, len(names)), 0)
    return Hospital(
        ward=np.array(ward, np.int64),
        monitor=np.array(monitor, np.int64),
        cuff=np.array(cuff, np.int64),
        spot=np.array(spot, np.int64),
        analysers=np.array(analysers, np.int64),
        devices=pl.Series(names),
        skew=skew.astype(np.int64),
    )


LEAD: Final = 8 * HOUR
"""A label is 1 if the patient deteriorates within this time, in seconds."""
