"""Values in other units than ours, converted exactly and rounded once.

Units are codes of UCUM (*The Unified Code for Units of Measure*); annotations in braces, as in
``{beats}/min``, say nothing of the size and are left out. Decimals are used throughout: 98.6 °F is
37 °C and no neighbour of it.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workbench.cases.vitals.quantities import Quantity

_ANNOTATION = re.compile(r"\{[^}]*\}")

#: Ways to print a unit that are in use where a code is missing.
_PRINTED: Final = {
    "mmHg": "mm[Hg]",
    "°C": "Cel",
    "degC": "Cel",
    "°F": "[degF]",
    "degF": "[degF]",
    "bpm": "/min",
    "beats/min": "/min",
    "beats/minute": "/min",
    "breaths/min": "/min",
    "breaths/minute": "/min",
}

_D = Decimal
_KPA = _D(101325) / _D(760) / 1000  # of a millimetre of mercury

#: Our unit → another → what its values are multiplied by.
_FACTORS: Final[dict[str, dict[str, Decimal]]] = {
    "/min": {"1/min": _D(1), "/s": _D(60), "Hz": _D(60), "/h": 1 / _D(60)},
    "%": {"1": _D(100)},
    "1": {"%": _D("0.01")},
    "mm[Hg]": {"kPa": 1 / _KPA, "Pa": 1 / _KPA / 1000, "cm[H2O]": _D("0.0980665") / _KPA},
    "mmol/L": {"meq/L": _D(1), "mol/m3": _D(1), "umol/L": _D("0.001")},
    "mg/dL": {"g/L": _D(100), "mg/L": _D("0.1"), "ug/mL": _D("0.1"), "g/dL": _D(1000)},
    "g/dL": {"g/L": _D("0.1"), "mg/dL": _D("0.001")},
    "U/L": {"[iU]/L": _D(1), "ukat/L": _D(60)},
    "[pH]": {"1": _D(1)},
    "s": {"ms": _D("0.001"), "min": _D(60)},
    "ng/mL": {"ug/L": _D(1), "ng/L": _D("0.001"), "pg/mL": _D("0.001")},
    "10*3/uL": {"10*9/L": _D(1), "/uL": _D("0.001"), "/mm3": _D("0.001"), "10*3/mm3": _D(1)},
}

#: Molar masses in g/mol: those of nitrogen in urea, phosphorus in phosphate, and so on, as the
#: quantity is reported in mg/dL (or, lactate, in mmol/L).
_MOLAR: Final = {
    "bun": _D("28.0134"),
    "calcium": _D("40.078"),
    "creatinine": _D("113.118"),
    "bilirubin_direct": _D("584.66"),
    "bilirubin_total": _D("584.66"),
    "glucose": _D("180.156"),
    "lactate": _D("90.078"),
    "magnesium": _D("24.305"),
    "phosphate": _D("30.9738"),
}


def stored(quantity: Quantity, value: Decimal, unit: str) -> int | None:
    """Return a value as it is stored; ``None`` where the unit is unknown for the quantity.

    Parameters
    ----------
    quantity
        What was measured.
    value
        In ``unit``.
    unit
        UCUM code, or a printed unit in common use.

    Examples
    --------
    >>> from workbench.cases.vitals.quantities import quantity
    >>> stored(quantity("temperature"), Decimal("98.6"), "[degF]")
    3700
    >>> stored(quantity("systolic"), Decimal("16"), "kPa")
    12001
    >>> stored(quantity("heart_rate"), Decimal(72), "{beats}/min")
    7200
    >>> stored(quantity("systolic"), Decimal(120), "Cel") is None
    True
    """
    code = _ANNOTATION.sub("", _PRINTED.get(unit, unit)) or "1"
    ours = _ours(quantity, value, code)
    return None if ours is None else int((ours * quantity.scale).to_integral_value(ROUND_HALF_EVEN))


def _ours(quantity: Quantity, value: Decimal, unit: str) -> Decimal | None:
    """Return a value in the quantity's own unit."""
    if unit == quantity.unit:
        return value
    if quantity.unit == "Cel":
        if unit == "[degF]":
            return (value - 32) / _D("1.8")
        return value - _D("273.15") if unit == "K" else None
    if (factor := _FACTORS.get(quantity.unit, {}).get(unit)) is not None:
        return value * factor
    mass = _MOLAR.get(quantity.name)
    if mass is None:
        return None
    if quantity.unit == "mg/dL" and unit in ("mmol/L", "umol/L"):
        return value * mass / (10 if unit == "mmol/L" else 10_000)
    return value * 10 / mass if (quantity.unit, unit) == ("mmol/L", "mg/dL") else None
