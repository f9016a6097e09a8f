"""Early-warning and organ-failure scores, of the last values of each sign; all in whole points.

A part that was never measured gives no points. Values are stored in hundredths (vital signs) and
thousandths (laboratory values); charts speak of whole numbers, or of tenths of a degree, so a value
between two bands belongs to the one that it is rounded to, half upwards.

NEWS2: Royal College of Physicians, *National Early Warning Score (NEWS) 2: Standardising the
assessment of acute-illness severity in the NHS*, updated report of a working party, London 2017,
chart 1. Reproduced here as numbers only, with acknowledgement to the Royal College of Physicians.

SOFA: Vincent et al. (1996), Intensive Care Med 22:707-710, without the parts that take drugs, urine
or a Glasgow score; oxygenation by SpO2/FiO2 as in Pandharipande et al. (2009), Crit Care Med
37:1317-1321. SIRS: Bone et al. (1992), Chest 101:1644-1655. qSOFA: Singer et al. (2016), JAMA
315:801-810, with mentation by ACVPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.features.derived import Highest, Last, Points, Quotient, Total, Where

if TYPE_CHECKING:
    from workbench.features.vocabulary import Feature

PATIENT = "patient"


def last(column: str) -> Last:
    """Return the patient's last value of a column."""
    return Last(column, PATIENT, name=column, doc=f"Last {column} of the patient")


def _part(sign: str, edges: tuple[int, ...], points: tuple[int, ...]) -> Points:
    return Points(last(sign), edges, points, missing=0, name=f"news2_{sign}")


OXYGEN: Feature = Highest(
    (last("supplemental_oxygen"), Points(last("fio2"), (210,), (0, 1))),
    name="on_oxygen",
    doc="Whether oxygen is given, or more than 21% of it inspired",
)
_SPO2 = last("spo2")
_SCALE_1 = Points(_SPO2, (9149, 9349, 9549), (3, 2, 1, 0), missing=0, name="news2_spo2_scale_1")
_LOW = Points(_SPO2, (8349, 8549, 8749), (3, 2, 1, 0), missing=0, name="news2_spo2_low")
_BOTH_SIDES = Points(
    _SPO2,
    (8349, 8549, 8749, 9249, 9449, 9649),
    (3, 2, 1, 0, 1, 2, 3),
    missing=0,
    name="news2_spo2_on_oxygen",
)
_SCALE_2 = Where(OXYGEN, _BOTH_SIDES, _LOW, name="news2_spo2_scale_2")

#: Each part of NEWS2: 0 to 3 points.
NEWS2_PARTS: tuple[Feature, ...] = (
    _part("respiration", (849, 1149, 2049, 2449), (3, 1, 0, 2, 3)),
    Where(
        Points(last("spo2_scale"), (1,), (0, 1)),
        _SCALE_2,
        _SCALE_1,
        name="news2_spo2",
        doc="NEWS2 points for oxygen saturation, by the scale that was prescribed",
    ),
    Points(OXYGEN, (0,), (0, 2), missing=0, name="news2_oxygen"),
    _part("systolic", (9049, 10049, 11049, 21949), (3, 2, 1, 0, 3)),
    _part("heart_rate", (4049, 5049, 9049, 11049, 13049), (3, 1, 0, 1, 2, 3)),
    _part("consciousness", (0,), (0, 3)),
    _part("temperature", (3504, 3604, 3804, 3904), (3, 1, 0, 1, 2)),
)
NEWS2: Feature = Total(NEWS2_PARTS, name="news2", doc="National Early Warning Score 2")
NEWS2_HIGHEST: Feature = Highest(
    NEWS2_PARTS, name="news2_highest", doc="Highest single part of NEWS2 (3: red)"
)

SPO2_PER_FIO2: Feature = Quotient(
    _SPO2, last("fio2"), 1000, name="spo2_per_fio2", doc="SpO2 (%) ÷ FiO2, in hundredths"
)
SOFA: Feature = Total(
    (
        Points(
            last("creatinine"), (1199, 1999, 3499, 4999), (0, 1, 2, 3, 4), 0, name="sofa_kidney"
        ),
        Points(
            last("platelets"), (19999, 49999, 99999, 149999), (4, 3, 2, 1, 0), 0, name="sofa_blood"
        ),
        Points(
            last("bilirubin_total"),
            (1199, 1999, 5999, 11999),
            (0, 1, 2, 3, 4),
            0,
            name="sofa_liver",
        ),
        Points(last("mean_pressure"), (6999,), (1, 0), 0, name="sofa_circulation"),
        Points(SPO2_PER_FIO2, (6699, 14199, 22099, 30199), (4, 3, 2, 1, 0), 0, name="sofa_lung"),
    ),
    name="sofa",
    doc="Sequential Organ Failure Assessment, of what is measured",
)
_FAST = Points(last("respiration"), (2000,), (0, 1), 0, name="sirs_respiration")
SIRS: Feature = Total(
    (
        Points(last("temperature"), (3599, 3800), (1, 0, 1), 0, name="sirs_temperature"),
        Points(last("heart_rate"), (9000,), (0, 1), 0, name="sirs_heart_rate"),
        Highest((_FAST, Points(last("paco2"), (31999,), (1, 0), 0, name="sirs_paco2"))),
        Points(last("wbc"), (3999, 12000), (1, 0, 1), 0, name="sirs_wbc"),
    ),
    name="sirs",
    doc="Criteria of the systemic inflammatory response syndrome that are met",
)
QSOFA: Feature = Total(
    (
        Points(last("systolic"), (10000,), (1, 0), 0, name="qsofa_systolic"),
        Points(last("respiration"), (2199,), (0, 1), 0, name="qsofa_respiration"),
        Points(last("consciousness"), (0,), (0, 1), 0, name="qsofa_consciousness"),
    ),
    name="qsofa",
    doc="Quick SOFA",
)
