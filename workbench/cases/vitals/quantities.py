"""What is measured at the bedside and in the laboratory: units, scales, and what is possible.

Values are integers, as devices send them: a quantity of unit ``Cel`` and scale 100 is stored in
hundredths of a degree, so that 3706 is 37.06 °C. Sums of them are exact. Vital signs have two
decimals and laboratory values three, which loses nothing of what is in use.

Units are those of UCUM (*The Unified Code for Units of Measure*). Limits are of what a living
person can have or a device can show, much wider than what is healthy. A value beyond them says
nothing about the patient, so it is set to missing and counted; the other values of its row stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["vital", "laboratory", "context"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One thing that is measured.

    Parameters
    ----------
    name
        Column of the events.
    title
        For people.
    unit
        UCUM unit of the quantity itself.
    low, high
        Inclusive limits of what is possible, in that unit.
    scale
        What a value is multiplied by to be stored.
    kind
        ``vital`` sign, ``laboratory`` value, or ``context`` of the stay.

    Examples
    --------
    >>> TEMPERATURE = quantity("temperature")
    >>> TEMPERATURE.stored(37.06), TEMPERATURE.value(3706), TEMPERATURE.stored_unit
    (3706, 37.06, '0.01 Cel')
    """

    name: str
    title: str
    unit: str
    low: float
    high: float
    scale: int
    kind: Kind

    @property
    def stored_unit(self) -> str:
        """Unit of the stored integers."""
        return self.unit if self.scale == 1 else f"{1 / self.scale:g} {self.unit}"

    def stored(self, value: float) -> int:
        """Return a value as it is stored, rounded half to even."""
        return round(value * self.scale)

    def value(self, stored: int) -> float:
        """Return a stored value in the quantity's unit."""
        return stored / self.scale


def _vital(name: str, title: str, unit: str, low: float, high: float) -> Quantity:
    return Quantity(name, title, unit, low, high, 100, "vital")


def _laboratory(name: str, title: str, unit: str, low: float, high: float) -> Quantity:
    return Quantity(name, title, unit, low, high, 1000, "laboratory")


VITAL_SIGNS = (
    _vital("heart_rate", "Heart rate", "/min", 0, 400),
    _vital("spo2", "Oxygen saturation by pulse oximetry", "%", 10, 100),
    _vital("temperature", "Body temperature", "Cel", 10, 47),
    _vital("systolic", "Systolic blood pressure", "mm[Hg]", 10, 370),
    _vital("mean_pressure", "Mean arterial pressure", "mm[Hg]", 5, 330),
    _vital("diastolic", "Diastolic blood pressure", "mm[Hg]", 5, 300),
    _vital("respiration", "Respiration rate", "/min", 0, 150),
    _vital("etco2", "End-tidal carbon dioxide", "mm[Hg]", 0, 150),
)
"""In the order of the columns."""

LABORATORY = (
    _laboratory("base_excess", "Base excess", "mmol/L", -60, 60),
    _laboratory("bicarbonate", "Bicarbonate", "mmol/L", 0, 100),
    _laboratory("fio2", "Fraction of inspired oxygen", "1", 0.14, 1),
    _laboratory("ph", "Arterial pH", "[pH]", 6.2, 8.2),
    _laboratory("paco2", "Arterial partial pressure of carbon dioxide", "mm[Hg]", 3, 250),
    _laboratory("sao2", "Arterial oxygen saturation", "%", 5, 100),
    _laboratory("ast", "Aspartate aminotransferase", "U/L", 0, 100_000),
    _laboratory("bun", "Urea nitrogen", "mg/dL", 0, 500),
    _laboratory("alkaline_phosphatase", "Alkaline phosphatase", "U/L", 0, 20_000),
    _laboratory("calcium", "Calcium", "mg/dL", 0, 40),
    _laboratory("chloride", "Chloride", "mmol/L", 20, 250),
    _laboratory("creatinine", "Creatinine", "mg/dL", 0, 100),
    _laboratory("bilirubin_direct", "Bilirubin, direct", "mg/dL", 0, 100),
    _laboratory("glucose", "Glucose", "mg/dL", 0, 3_000),
    _laboratory("lactate", "Lactate", "mmol/L", 0, 60),
    _laboratory("magnesium", "Magnesium", "mg/dL", 0, 40),
    _laboratory("phosphate", "Phosphate", "mg/dL", 0, 60),
    _laboratory("potassium", "Potassium", "mmol/L", 0.5, 30),
    _laboratory("bilirubin_total", "Bilirubin, total", "mg/dL", 0, 150),
    _laboratory("troponin_i", "Troponin I", "ng/mL", 0, 10_000),
    _laboratory("hematocrit", "Hematocrit", "%", 1, 90),
    _laboratory("hemoglobin", "Hemoglobin", "g/dL", 0.5, 40),
    _laboratory("ptt", "Partial thromboplastin time", "s", 1, 500),
    _laboratory("wbc", "Leukocytes", "10*3/uL", 0, 2_000),
    _laboratory("fibrinogen", "Fibrinogen", "mg/dL", 0, 5_000),
    _laboratory("platelets", "Platelets", "10*3/uL", 0, 10_000),
)
"""In the order of the columns."""

CONTEXT = (
    Quantity("age", "Age", "a", 0, 130, 100, "context"),
    Quantity(
        "hospital_admission",
        "Time of the hospital admission, from that of the unit (negative: before)",
        "h",
        -100_000,
        1_000,
        100,
        "context",
    ),
    Quantity("stay_hour", "Hour of the stay in the unit", "h", 0, 100_000, 1, "context"),
)
"""What is known of the stay, in the order of the columns."""

QUANTITIES = VITAL_SIGNS + LABORATORY + CONTEXT


def quantity(name: str) -> Quantity:
    """Return the quantity of that column; raise ``KeyError`` where there is none."""
    return _BY_NAME[name]


_BY_NAME = {q.name: q for q in QUANTITIES}
