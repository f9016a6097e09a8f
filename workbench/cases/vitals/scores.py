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

from collections.abc import Callable

from workbench.cases.vitals.artefacts import LEAPS, PATIENT, clean
from workbench.features.derived import Highest, Last, Points, Quotient, Total, Where
from workbench.features.vocabulary import Feature

#: A column to the patient's last value of it.
Lasts = Callable[[str], Feature]


def last(column: str) -> Feature:
    """Return the patient's last value of a column, as it was sent."""
    return Last(column, PATIENT, name=column, doc=f"Last {column} of the patient")


def last_clean(column: str) -> Feature:
    """Return the patient's last value of a column; of a vital sign, without artefacts."""
    measure = clean(column) if column in LEAPS else column
    return Last(measure, PATIENT, name=column, doc=f"Last {column} of the patient")


def on_oxygen(of: Lasts) -> Feature:
    """Return whether oxygen is given, or more than 21% of it inspired."""
    inspired = Points(of("fio2"), (210,), (0, 1), name="fio2_above_air")
    return Highest((of("supplemental_oxygen"), inspired), name="on_oxygen")


def news2_parts(of: Lasts) -> tuple[Feature, ...]:
    """Return each part of NEWS2, 0 to 3 points, in the order of the chart."""

    def part(sign: str, edges: tuple[int, ...], points: tuple[int, ...]) -> Feature:
        return Points(of(sign), edges, points, missing=0, name=f"news2_{sign}")

    oxygen = on_oxygen(of)
    scale_1 = part("spo2", (9149, 9349, 9549), (3, 2, 1, 0))
    on_air = part("spo2", (8349, 8549, 8749), (3, 2, 1, 0))
    too_much = part("spo2", (8349, 8549, 8749, 9249, 9449, 9649), (3, 2, 1, 0, 1, 2, 3))
    scale_2 = Where(oxygen, too_much, on_air, name="news2_spo2_scale_2")
    return (
        part("respiration", (849, 1149, 2049, 2449), (3, 1, 0, 2, 3)),
        Where(
            Points(of("spo2_scale"), (1,), (0, 1), name="scale_2"),
            scale_2,
            scale_1,
            name="news2_spo2",
            doc="NEWS2 points for oxygen saturation, by the scale that is prescribed",
        ),
        Points(oxygen, (0,), (0, 2), missing=0, name="news2_oxygen"),
        part("systolic", (9049, 10049, 11049, 21949), (3, 2, 1, 0, 3)),
        part("heart_rate", (4049, 5049, 9049, 11049, 13049), (3, 1, 0, 1, 2, 3)),
        part("consciousness", (0,), (0, 3)),
        part("temperature", (3504, 3604, 3804, 3904), (3, 1, 0, 1, 2)),
    )


def news2(of: Lasts) -> Feature:
    """Return NEWS2, 0 to 20 points."""
    return Total(news2_parts(of), name="news2", doc="National Early Warning Score 2")


def news2_highest(of: Lasts) -> Feature:
    """Return the highest single part of NEWS2: 3 is red, whatever the sum."""
    return Highest(news2_parts(of), name="news2_highest", doc="Highest single part of NEWS2")


def spo2_per_fio2(of: Lasts) -> Feature:
    """Return the saturation in % by the inspired fraction of oxygen, in hundredths."""
    return Quotient(of("spo2"), of("fio2"), 1000, name="spo2_per_fio2")


def _organ(name: str, of: Feature, edges: tuple[int, ...], points: tuple[int, ...]) -> Feature:
    return Points(of, edges, points, missing=0, name=name)


def sofa(of: Lasts) -> Feature:
    """Return the Sequential Organ Failure Assessment, 0 to 17 points of what is measured."""
    failing = (0, 1, 2, 3, 4)
    parts = (
        _organ("sofa_kidney", of("creatinine"), (1199, 1999, 3499, 4999), failing),
        _organ("sofa_blood", of("platelets"), (19999, 49999, 99999, 149999), failing[::-1]),
        _organ("sofa_liver", of("bilirubin_total"), (1199, 1999, 5999, 11999), failing),
        _organ("sofa_circulation", of("mean_pressure"), (6999,), (1, 0)),
        _organ("sofa_lung", spo2_per_fio2(of), (6699, 14199, 22099, 30199), failing[::-1]),
    )
    return Total(parts, name="sofa", doc="Sequential Organ Failure Assessment")


def sirs(of: Lasts) -> Feature:
    """Return how many criteria of the systemic inflammatory response syndrome are met."""
    breath = (
        _organ("sirs_respiration", of("respiration"), (2000,), (0, 1)),
        _organ("sirs_paco2", of("paco2"), (31999,), (1, 0)),
    )
    parts = (
        _organ("sirs_temperature", of("temperature"), (3599, 3800), (1, 0, 1)),
        _organ("sirs_heart_rate", of("heart_rate"), (9000,), (0, 1)),
        Highest(breath, name="sirs_breath"),
        _organ("sirs_wbc", of("wbc"), (3999, 12000), (1, 0, 1)),
    )
    return Total(parts, name="sirs", doc="Criteria of inflammation (SIRS) that are met")


def qsofa(of: Lasts) -> Feature:
    """Return the quick SOFA, 0 to 3 points."""
    parts = (
        _organ("qsofa_systolic", of("systolic"), (10000,), (1, 0)),
        _organ("qsofa_respiration", of("respiration"), (2199,), (0, 1)),
        _organ("qsofa_consciousness", of("consciousness"), (0,), (0, 1)),
    )
    return Total(parts, name="qsofa", doc="Quick SOFA")
