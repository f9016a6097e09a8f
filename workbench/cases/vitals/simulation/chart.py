"""One stay as rows: what each device sent, when, what was wrong with it, and the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from workbench.cases.vitals.quantities import QUANTITIES
from workbench.cases.vitals.simulation import rounds
from workbench.cases.vitals.simulation.artefacts import (
    AFTER_DISCHARGE,
    DUPLICATE,
    disturb,
    misread,
    number_of,
)
from workbench.cases.vitals.simulation.body import Body, examine
from workbench.cases.vitals.simulation.draws import HOUR, Ints, Reals, generator
from workbench.cases.vitals.simulation.episodes import KINDS
from workbench.cases.vitals.simulation.hospital import LARGEST_SKEW, LEAD, WARDS, Hospital
from workbench.cases.vitals.simulation.laboratory import results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.cases.vitals.simulation.stays import Stay

_STAYS: Final = 3
_UNLABELLED: Final = -1
_CONFUSED: Final = (0.5, 0.9)
"""Of the full effect: from where on a patient is newly confused, and answers to voice only."""
_MISSES: Final = {"heart_rate": 0.01, "spo2": 0.04, "respiration": 0.08}
_NOISE: Final = {
    "heart_rate": 2.0,
    "spo2": 0.7,
    "temperature": 0.1,
    "systolic": 4.0,
    "diastolic": 3.0,
    "respiration": 1.6,
}
_CODED: Final = ("consciousness", "supplemental_oxygen", "spo2_scale", "sex", "care_unit")
COLUMNS: Final = (*(q.name for q in QUANTITIES), *_CODED)
"""Of the values of a row."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one or more stays, all arrays of shape (n,).

    Parameters
    ----------
    time
        By the device's clock, seconds since the epoch.
    patient, device, ward
        Numbers.
    values
        Column to values in the quantities' own units; NaN is missing, absent is all missing.
    pattern
        0 for none, then episodes, then artefacts, in the order of the ground truth.
    label
        1, 0, or -1 where there is none.
    known
        When the label is known.
    """

    time: Ints
    patient: Ints
    device: Ints
    ward: Ints
    values: dict[str, Reals]
    pattern: Ints
    label: Ints
    known: Ints

    def __len__(self) -> int:
        return self.time.size

    def take(self, chosen: np.ndarray[tuple[int], np.dtype[np.generic]]) -> Rows:
        """Return some of the rows, by a mask or by their numbers."""
        return Rows(
            self.time[chosen],
            self.patient[chosen],
            self.device[chosen],
            self.ward[chosen],
            {name: values[chosen] for name, values in self.values.items()},
            self.pattern[chosen],
            self.label[chosen],
            self.known[chosen],
        )

    @classmethod
    def join(cls, parts: Sequence[Rows]) -> Rows:
        """Put rows one after the other."""
        names = dict.fromkeys(name for part in parts for name in part.values)
        empty = np.empty(0, np.int64)

        def column(name: str) -> Ints:
            return np.concatenate([empty, *(getattr(part, name) for part in parts)])

        return cls(
            column("time"),
            column("patient"),
            column("device"),
            column("ward"),
            {
                name: np.concatenate(
                    [part.values.get(name, np.full(len(part), np.nan)) for part in parts]
                )
                for name in names
            },
            column("pattern"),
            column("label"),
            column("known"),
        )


def chart(stay: Stay, hospital: Hospital, seed: int, interval: int) -> Rows:
    """Return the rows of a stay, in no order.

    Parameters
    ----------
    stay, hospital
        Who and where.
    seed
        Of the stream.
    interval
        Seconds between two values of the monitor.
    """
    rng = generator(seed, _STAYS, stay.patient.number)
    ward = WARDS[int(hospital.ward[stay.bed])]
    times = (
        rounds.monitor(stay, interval, rng),
        rounds.cuff(ward, stay),
        rounds.visits(stay, rng),
        rounds.draws(stay, rng),
        _after(stay, interval, rng),
    )
    # One body for all devices: they see the same patient.
    body = examine(stay, np.concatenate(times), rng)
    ends = np.cumsum([time.size for time in times]).tolist()
    seen = [body.part(end - time.size, end) for time, end in zip(times, ends, strict=True)]
    measure = (_monitor, _cuff, _visits, _laboratory, _left)
    rows = Rows.join(
        [of(stay, hospital, part, rng) for of, part in zip(measure, seen, strict=True)]
    )
    _know(rows)
    again = rows.take(rng.random(len(rows)) < DUPLICATE.a_day)
    again.pattern[:] = len(KINDS) + number_of(DUPLICATE)
    return Rows.join([rows, again])


def _know(rows: Rows) -> None:
    """Let all labels be known together: not before the last of them by a clock that is ahead."""
    last = rows.time[rows.label != _UNLABELLED].max(initial=0)
    np.maximum(rows.known, -(-last // HOUR) * HOUR, out=rows.known)


def _after(stay: Stay, interval: int, rng: np.random.Generator) -> Ints:
    """Return when the monitor goes on to send after the patient has left: for most never."""
    lasts = rng.uniform(*AFTER_DISCHARGE.seconds) * (rng.random() < AFTER_DISCHARGE.a_day)
    return np.arange(stay.end, stay.end + int(lasts), interval, dtype=np.int64)


def _monitor(stay: Stay, hospital: Hospital, body: Body, rng: np.random.Generator) -> Rows:
    on = rounds.connected(body.time, stay, rounds.worried(body.worry), rng)
    sent = {name: _read(body, name, rng) for name in ("heart_rate", "spo2", "respiration")}
    wrong = disturb(sent, body.time, stay, rng)
    for name, values in sent.items():
        values[rng.random(values.size) < _MISSES[name]] = np.nan
        np.clip(values, *_LIMITS[name], out=values)
    return _rows(stay, hospital, int(hospital.monitor[stay.bed]), body, sent, wrong).take(on)


def _cuff(stay: Stay, hospital: Hospital, body: Body, rng: np.random.Generator) -> Rows:
    taken = rounds.inflated(body.time, rounds.worried(body.worry))
    pressures, wrong = _pressures(body, rng)
    return _rows(stay, hospital, int(hospital.cuff[stay.bed]), body, pressures, wrong).take(taken)


def _visits(stay: Stay, hospital: Hospital, body: Body, rng: np.random.Generator) -> Rows:
    ward = WARDS[int(hospital.ward[stay.bed])]
    taken = rounds.visited(body.time, ward, rounds.worried(body.worry), rng)
    values, wrong = _pressures(body, rng)
    for name in ("heart_rate", "spo2", "respiration", "temperature"):
        values[name] = np.clip(_read(body, name, rng), *_LIMITS[name])
    confused = np.zeros(body.time.size)
    if stay.episode is not None:
        confused = confused + stay.episode.effect("consciousness", body.severity)
    values["consciousness"] = np.digitize(confused, _CONFUSED).astype(np.float64)
    values["supplemental_oxygen"] = body.oxygen.astype(np.float64)
    values["spo2_scale"] = np.full(body.time.size, 2.0 if stay.patient.lung_disease else 1.0)
    return _rows(stay, hospital, int(hospital.spot[stay.bed]), body, values, wrong).take(taken)


def _laboratory(stay: Stay, hospital: Hospital, body: Body, rng: np.random.Generator) -> Rows:
    worried = rounds.worried(body.worry)
    taken = rounds.drawn(body.time, worried, rng)
    values = results(stay, body, worried, rng)
    values["fio2"] = np.where(np.isnan(values["ph"]), np.nan, np.where(body.oxygen, 0.35, 0.21))
    for name in values:
        np.clip(values[name], *_LIMITS[name], out=values[name])
    device = int(rng.choice(hospital.analysers))
    right = np.zeros(body.time.size, np.int64)
    return _rows(stay, hospital, device, body, values, right).take(taken)


def _left(stay: Stay, hospital: Hospital, body: Body, rng: np.random.Generator) -> Rows:
    """Return what the monitor sends of an empty bed: noise."""
    values = {
        "heart_rate": np.round(rng.uniform(30, 220, body.time.size)),
        "respiration": np.round(rng.uniform(0, 60, body.time.size)),
    }
    wrong = np.full(body.time.size, number_of(AFTER_DISCHARGE))
    rows = _rows(stay, hospital, int(hospital.monitor[stay.bed]), body, values, wrong)
    rows.label[:] = _UNLABELLED
    return rows


def _read(body: Body, name: str, rng: np.random.Generator) -> Reals:
    """Return a sign as a device shows it."""
    value = body.signs[name] + _NOISE[name] * rng.normal(0.0, 1.0, body.severity.size)
    return np.round(value, 1 if name == "temperature" else 0)


def _pressures(body: Body, rng: np.random.Generator) -> tuple[dict[str, Reals], Ints]:
    systolic, diastolic = _read(body, "systolic", rng), _read(body, "diastolic", rng)
    diastolic = np.minimum(diastolic, systolic - 8)
    wrong = misread(systolic, diastolic, rng)
    return {
        "systolic": np.clip(systolic, *_LIMITS["systolic"]),
        "diastolic": np.clip(diastolic, *_LIMITS["diastolic"]),
        "mean_pressure": np.clip(
            np.round((systolic + 2 * diastolic) / 3), *_LIMITS["mean_pressure"]
        ),
    }, wrong


def _rows(
    stay: Stay,
    hospital: Hospital,
    device: int,
    body: Body,
    values: dict[str, Reals],
    wrong: Ints,
) -> Rows:
    patient, ward, time = stay.patient, int(hospital.ward[stay.bed]), body.time

    def same(value: float) -> Reals:
        return np.full(time.size, value)

    hours = (1 + (time - stay.begin) // HOUR).astype(np.float64)
    context = {
        "age": same(patient.age),
        "hospital_admission": same(stay.hospital),
        "stay_hour": hours,
        "sex": same(patient.sex),
        "care_unit": same(WARDS[ward].care_unit),
    }
    episode = stay.episode
    pattern = np.zeros(time.size, np.int64)
    label = np.zeros(time.size, np.int64)
    if episode is not None:
        pattern[body.severity > 0] = episode.kind + 1
        label[(time >= episode.onset - LEAD) & (time <= episode.onset + HOUR)] = 1
        label[(time > episode.onset + HOUR) & (time <= episode.end)] = _UNLABELLED
    return Rows(
        time=time + hospital.skew[device],
        patient=np.full(time.size, patient.number),
        device=np.full(time.size, device),
        ward=np.full(time.size, ward),
        values=values | context,
        pattern=np.where(wrong > 0, len(KINDS) + wrong, pattern),
        label=label,
        known=np.full(time.size, _reviewed(stay)),
    )


def _reviewed(stay: Stay) -> int:
    """Return when the labels of a stay are known: at a full hour, after its end by any clock."""
    return -(-(stay.end + LARGEST_SKEW) // HOUR) * HOUR


_LIMITS: Final = {q.name: (q.low, q.high) for q in QUANTITIES}
