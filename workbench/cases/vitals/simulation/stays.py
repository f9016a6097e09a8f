"""Who lies where, from when to when, and what is usual for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from workbench.cases.vitals.schema import FEMALE, MALE
from workbench.cases.vitals.simulation.draws import DAY, HOUR, generator
from workbench.cases.vitals.simulation.episodes import Episode, deteriorate
from workbench.cases.vitals.simulation.hospital import WARDS, Hospital

if TYPE_CHECKING:
    from collections.abc import Iterator

_STAYS: Final = 2
_SPREAD: Final = 0.6
_SHORTEST, _LONGEST = 8 * HOUR, 14 * DAY
_LUNG_DISEASE: Final = 0.12
"""Part of the patients whose oxygen is always low (chronic hypercapnic failure)."""
_BETA_BLOCKED: Final = 0.18
"""Part whose heart rate answers by half."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is usual for a patient.

    Parameters
    ----------
    number
        In the order of beds and admissions.
    age
        Years.
    sex
        As the schema codes it.
    heart_rate, spo2, temperature, systolic, diastolic, respiration
        Means over a day, in the quantities' own units.
    clock
        Hours by which its day is shifted.
    lung_disease, beta_blocked
        Whether saturation is always low, and whether the heart rate answers by half.
    fever
        Whether the temperature is raised on the second day, for no bad reason.
    """

    number: int
    age: float
    sex: int
    heart_rate: float
    spo2: float
    temperature: float
    systolic: float
    diastolic: float
    respiration: float
    clock: float
    lung_disease: bool
    beta_blocked: bool
    fever: bool


@dataclass(frozen=True, slots=True)
class Stay:
    """A patient in a bed.

    Parameters
    ----------
    patient
        Who.
    bed
        Where.
    begin, end
        From when to when, in seconds since the epoch.
    hospital
        When the patient came to the hospital, in hours from ``begin`` (negative: before).
    episode
        How the patient deteriorates; ``None`` for most.
    """

    patient: Patient
    bed: int
    begin: int
    end: int
    hospital: float
    episode: Episode | None


def admissions(hospital: Hospital, seed: int, start: int, days: int) -> Iterator[Stay]:
    """Yield the stays of all beds in the order in which they begin.

    Beds are taken for most of the time; at the beginning of the stream most of them are.
    """
    number = 0
    drawn = []
    for bed in range(hospital.ward.size):
        rng = generator(seed, _STAYS, bed)
        time = start - int(rng.uniform(0, 2 * DAY))
        while time < start + days * DAY:
            stay = _stay(hospital, bed, time, number, start, days, rng)
            drawn.append(stay)
            number += 1
            time = stay.end + int(rng.uniform(2, 14) * HOUR)
    return iter(sorted(drawn, key=lambda stay: (stay.begin, stay.bed)))


def _stay(
    hospital: Hospital,
    bed: int,
    begin: int,
    number: int,
    start: int,
    days: int,
    rng: np.random.Generator,
) -> Stay:
    ward = WARDS[int(hospital.ward[bed])]
    length = np.clip(rng.lognormal(np.log(ward.stay * HOUR), _SPREAD), _SHORTEST, _LONGEST)
    end = begin + int(length)
    patient = _patient(number, surgical=ward.name == "surgical", rng=rng)
    episode, end = deteriorate(begin, end, ward.episodes, (begin - start) / (days * DAY), rng)
    return Stay(patient, bed, begin, end, -float(rng.gamma(1.2, 9.0)), episode)


def _patient(number: int, *, surgical: bool, rng: np.random.Generator) -> Patient:
    age = float(np.clip(rng.normal(62 if surgical else 68, 16), 18, 99))
    lung_disease = bool(rng.random() < _LUNG_DISEASE)
    systolic = float(np.clip(rng.normal(112 + 0.3 * age, 15), 88, 185))
    saturation = rng.normal(89.5, 1.3) if lung_disease else rng.normal(96.8, 1.0)
    return Patient(
        number=number,
        age=age,
        sex=MALE if rng.random() < 0.52 else FEMALE,
        heart_rate=float(np.clip(rng.normal(79, 11), 46, 115)),
        spo2=float(min(saturation, 99.0)),
        temperature=float(rng.normal(36.8, 0.25)),
        systolic=systolic,
        diastolic=float(np.clip(0.42 * systolic + rng.normal(20, 6), 42, 110)),
        respiration=float(np.clip(rng.normal(19 if lung_disease else 16, 2.0), 11, 26)),
        clock=float(rng.normal(0, 1.0)),
        lung_disease=lung_disease,
        beta_blocked=bool(rng.random() < _BETA_BLOCKED),
        fever=bool(rng.random() < (0.3 if surgical else 0.08)),
    )
