"""What devices send that is not the patient: told from it, and left out of everything else.

A value that leaps is left out until it has lasted, and a line that is flat until it moves. Where
a sign is measured once an hour nothing is left out: an hour is long enough for any change.

What a probe that has slipped reads cannot be told from a sudden fall of the saturation at its
first value. If the next ones agree with it, it counts a quarter of an hour later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workbench.features.derived import (
    Highest,
    Points,
    Present,
    Repeated,
    Steady,
    Total,
    Weighted,
    Without,
)

if TYPE_CHECKING:
    from workbench.features.vocabulary import Feature

PATIENT: Final = "patient"
#: By how much a sign may differ from its last value, by how much values that do so differ among
#: each other if it is the patient (both in hundredths), and how long the last value speaks
#: against them: a cuff measures now and then, a monitor all the time.
LEAPS: Final = {
    "heart_rate": (2500, 1200, "1h"),
    "spo2": (500, 200, "1h"),
    "temperature": (150, 50, "1h"),
    "systolic": (4000, 2000, "8h"),
    "mean_pressure": (3500, 1500, "8h"),
    "diastolic": (3000, 1500, "8h"),
    "respiration": (800, 400, "1h"),
}
_MONITORED: Final = ("heart_rate", "spo2", "respiration")
_HOLD: Final = "14m"
#: Equal values in a row after which a line is flat: of one device, and of whatever measures.
_FLAT: Final = {"device": 5, "patient": 30}


def _flat(by: str) -> Feature:
    """Return whether heart rate, breath and, where it is measured, saturation stand still."""
    few = _FLAT[by] - 1
    still = (
        Points(Repeated("heart_rate", by), (few,), (0, 1), name=f"{by}_heart_rate_still"),
        Points(Repeated("respiration", by), (few,), (0, 1), name=f"{by}_respiration_still"),
        Points(Repeated("spo2", by), (0, few), (1, 0, 1), name=f"{by}_spo2_still"),
    )
    return Points(Total(still, name=f"{by}_still"), (2,), (0, 1), name=f"{by}_flat")


FLAT_LINE: Feature = Highest(
    (_flat("device"), _flat("patient")),
    name="flat_line",
    doc="Whether no monitored sign has moved for many values: the line is flat",
)


def clean(sign: str) -> Feature:
    """Return a sign without what is not the patient's."""
    jump, agree, patience = LEAPS[sign]
    steady = Steady(sign, PATIENT, jump, agree, _HOLD, patience, name=f"{sign}_steady")
    if sign not in _MONITORED:
        return steady
    return Without(steady, FLAT_LINE, name=f"{sign}_clean", doc=f"{sign} without artefacts")


def _left_out(sign: str) -> Feature:
    there = (Present((sign,), name=f"{sign}_there"), Present((clean(sign),)))
    return Weighted(
        there, (1, -1), name=f"{sign}_left_out", doc=f"Whether {sign} is left out as an artefact"
    )


#: Of each sign, whether the observation's value is left out.
LEFT_OUT: tuple[Feature, ...] = tuple(map(_left_out, LEAPS))
ARTEFACT: Feature = Highest(
    LEFT_OUT, name="artefact", doc="Whether any sign of the observation is left out"
)
