"""What the vitals case says about a patient at each observation."""

from __future__ import annotations

from workbench.cases.vitals.artefacts import ARTEFACT, FLAT_LINE, LEFT_OUT, PATIENT, clean
from workbench.cases.vitals.quantities import LABORATORY, VITAL_SIGNS
from workbench.cases.vitals.scores import (
    last,
    last_clean,
    news2,
    news2_highest,
    news2_parts,
    qsofa,
    sirs,
    sofa,
    spo2_per_fio2,
)
from workbench.features.derived import (
    FirstOf,
    Highest,
    Points,
    Present,
    Product,
    Quotient,
    SinceFirst,
    TimesMeasured,
    Total,
    Weighted,
)
from workbench.features.measured import (
    Change,
    DistinctMeasured,
    FromBaseline,
    Measured,
    Min,
    SinceMeasured,
    Slope,
)
from workbench.features.vocabulary import Feature, Max, Mean, Measure, Std, Sum

#: Signs that monitors show all the time, and what is measured now and then.
SIGNS = tuple(q.name for q in VITAL_SIGNS if q.name != "etco2")
LABS = ("etco2", *(q.name for q in LABORATORY))


def sign_features(sign: str) -> tuple[Feature, ...]:
    """Return what is said of a vital sign."""
    value = clean(sign)
    return (
        last_clean(sign),
        FromBaseline(value, PATIENT, "12h", name=f"{sign}_from_baseline"),
        *(Mean(value, PATIENT, w, name=f"{sign}_mean_{w}") for w in ("6h", "12h")),
        *(Std(value, PATIENT, w, name=f"{sign}_std_{w}") for w in ("6h", "12h")),
        *(Min(value, PATIENT, w, name=f"{sign}_min_{w}") for w in ("12h", "24h")),
        *(Max(value, PATIENT, w, name=f"{sign}_max_{w}") for w in ("12h", "24h")),
        *(Slope(value, PATIENT, w, name=f"{sign}_slope_{w}") for w in ("6h", "12h")),
        Change(value, PATIENT, "3h", name=f"{sign}_change_3h"),
        SinceMeasured(value, PATIENT, name=f"{sign}_age"),
        Present((value,), name=f"{sign}_measured", doc=f"Whether {sign} is measured now"),
        Measured(value, PATIENT, "12h", name=f"{sign}_count_12h"),
    )


def lab_counts(lab: str) -> tuple[Feature, ...]:
    """Return how long ago and how often a laboratory value was measured."""
    return (
        SinceMeasured(lab, PATIENT, name=f"{lab}_age"),
        TimesMeasured(lab, PATIENT, name=f"{lab}_count"),
        Measured(lab, PATIENT, "24h", name=f"{lab}_count_24h"),
    )


def _within(
    measure: Feature, *words: tuple[type[Max | Mean | Sum | Change], str]
) -> tuple[Feature, ...]:
    """Return histories of a derived measure, named after it."""
    return tuple(
        word(measure, PATIENT, w, name=f"{measure.name}_{word.__name__.lower()}_{w}")
        for word, w in words
    )


_SINCE_FIRST = SinceFirst(PATIENT, name="observed_hours", doc="Hours since the first observation")
STAY_HOUR = FirstOf(
    ("stay_hour", _SINCE_FIRST), name="stay_hour", doc="Hour of the stay in the unit"
)
HOSPITAL = last("hospital_admission")

CONTEXT: tuple[Feature, ...] = (
    STAY_HOUR,
    _SINCE_FIRST,
    last("age"),
    last("sex"),
    HOSPITAL,
    Weighted((STAY_HOUR, HOSPITAL), (100, -1), name="hospital_hours"),
    last("care_unit"),
    Weighted((STAY_HOUR, _SINCE_FIRST), (1, -1), name="hours_before_first"),
)

_LABS_NOW = Present(LABS, name="labs_now", doc="Laboratory values that come now")
_LABS_SO_FAR = Total(tuple(TimesMeasured(lab, PATIENT) for lab in LABS), name="labs_so_far")
_SIGNS_NOW = Present(SIGNS, name="signs_now", doc="Vital signs that come now")
_DRAWN = Points(_LABS_NOW, (0,), (0, 1), name="draws")
_GASES = Points(Present(("paco2", "ph", "base_excess")), (0,), (0, 1), name="blood_gases")
_DRAWN_LABS: tuple[Measure, ...] = tuple(
    lab for lab in LABS if lab not in ("etco2", "fio2", "glucose")
)

#: How often staff measure is information.
ATTENTION: tuple[Feature, ...] = (
    _LABS_NOW,
    *_within(_LABS_NOW, (Sum, "6h"), (Sum, "12h"), (Sum, "24h")),
    Quotient(_LABS_SO_FAR, Weighted((_SINCE_FIRST,), (1,), 1), 1000, name="labs_per_hour"),
    _SIGNS_NOW,
    *_within(_SIGNS_NOW, (Sum, "6h"), (Sum, "24h")),
    *_within(_DRAWN, (Sum, "12h"), (Sum, "24h")),
    *_within(_GASES, (Sum, "6h"), (Sum, "24h")),
    SinceMeasured(Highest(("ph", "paco2")), PATIENT, name="blood_gas_age"),
    SinceMeasured(Highest(_DRAWN_LABS, name="any_lab"), PATIENT, name="lab_age"),
    DistinctMeasured(LABS, PATIENT, name="distinct_labs"),
    Measured("temperature", PATIENT, "8h", name="temperature_count_8h"),
)

_HR, _SBP, _DBP, _MAP, _RESP, _SPO2, _TEMP = map(
    last_clean,
    ("heart_rate", "systolic", "diastolic", "mean_pressure", "respiration", "spo2", "temperature"),
)
SHOCK_INDEX = Quotient(
    _HR, _SBP, 1000, name="shock_index", doc="Heart rate ÷ systolic pressure, in thousandths"
)
_PULSE_PRESSURE = Weighted((_SBP, _DBP), (1, -1), name="pulse_pressure")
_BUN, _PLATELETS, _LACTATE, _WBC = map(last, ("bun", "platelets", "lactate", "wbc"))

RATIOS: tuple[Feature, ...] = (
    SHOCK_INDEX,
    *_within(SHOCK_INDEX, (Change, "6h"), (Mean, "6h"), (Max, "12h")),
    Product(SHOCK_INDEX, last("age"), 100, name="shock_index_age"),
    _PULSE_PRESSURE,
    Quotient(_PULSE_PRESSURE, _SBP, 1000, name="pulse_pressure_share"),
    Quotient(_HR, _MAP, 1000, name="heart_rate_per_mean_pressure"),
    Weighted((_HR, _TEMP), (1, -10), name="heart_rate_beyond_temperature"),
    Product(_RESP, _HR, 100, name="respiration_heart_rate"),
    Quotient(_SPO2, _RESP, 1000, name="spo2_per_respiration"),
    spo2_per_fio2(last_clean),
    Quotient(last("sao2"), last("fio2"), 100, name="sao2_per_fio2"),
    Quotient(_BUN, last("creatinine"), 1000, name="bun_per_creatinine"),
    Weighted((last("chloride"), last("bicarbonate")), (-1, -1), name="anion_gap"),
    Quotient(last("hematocrit"), last("hemoglobin"), 1000, name="hematocrit_per_hemoglobin"),
    Product(_LACTATE, SHOCK_INDEX, 1000, name="lactate_shock_index"),
    Quotient(_PLATELETS, last("age"), 10, name="platelets_per_age"),
    Weighted((_LACTATE, last("ph")), (1, -10), name="lactate_beyond_ph"),
    Quotient(_BUN, _PLATELETS, 10_000, name="bun_per_platelets"),
    Quotient(Product(_WBC, _BUN, 1000), _PLATELETS, 1000, name="wbc_bun_per_platelets"),
)

_BURDENS = (
    (Points(_MAP, (6499,), (1, 0), 0, name="low_mean_pressure"), "12h"),
    (Points(clean("temperature"), (3800,), (0, 1), 0, name="fever"), "24h"),
    (Points(clean("temperature"), (3599,), (1, 0), 0, name="hypothermia"), "24h"),
    (Points(_HR, (10000,), (0, 1), 0, name="tachycardia"), "12h"),
    (Points(_RESP, (2200,), (0, 1), 0, name="tachypnoea"), "12h"),
    (Points(clean("systolic"), (8999,), (1, 0), 0, name="low_systolic"), "24h"),
)
_NEWS2, _SOFA, _SIRS, _QSOFA = (score(last_clean) for score in (news2, sofa, sirs, qsofa))
SCORES: tuple[Feature, ...] = (
    _SOFA,
    *_within(_SOFA, (Change, "24h"), (Max, "24h")),
    _SIRS,
    *_within(_SIRS, (Mean, "12h"), (Max, "24h")),
    _QSOFA,
    *_within(_QSOFA, (Mean, "12h")),
    *(f for burden, w in _BURDENS for f in _within(burden, (Sum, w))),
    _NEWS2,
    *_within(_NEWS2, (Mean, "12h"), (Max, "12h"), (Change, "6h")),
)
#: The chart as a ward fills it in: of values as they were sent.
CHART: tuple[Feature, ...] = (news2(last), *news2_parts(last), news2_highest(last))

#: What the shipped detector does not cross with the hour of the stay: ages and counts.
NOT_CROSSED: tuple[Feature, ...] = tuple(f for lab in LABS for f in lab_counts(lab))
#: The last value of each sign, and how far it is from the patient's own first hours.
LATEST: tuple[Feature, ...] = tuple(f for sign in SIGNS for f in sign_features(sign)[:2])
ALL: tuple[Feature, ...] = (
    *(f for sign in SIGNS for f in sign_features(sign)),
    *(last(lab) for lab in LABS),
    *NOT_CROSSED,
    *CONTEXT,
    *ATTENTION,
    *RATIOS,
    *SCORES,
)

FEATURES: dict[str, tuple[Feature, ...]] = {
    "artefacts": (FLAT_LINE, *LEFT_OUT, ARTEFACT),
    "all": ALL,
    "signs": LATEST,
    "news2": CHART,
}
