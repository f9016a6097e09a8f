"""The columns of an observation at the bedside."""

from workbench.cases.vitals.quantities import CONTEXT, LABORATORY, VITAL_SIGNS, Quantity
from workbench.streams.schema import Column, Schema

FEMALE, MALE = 0, 1
"""Codes of ``sex``."""

MEDICAL_ICU, SURGICAL_ICU, OTHER_ICU, GENERAL_WARD = 1, 2, 3, 4
"""Codes of ``care_unit``."""

ALERT, CONFUSED, VOICE, PAIN, UNRESPONSIVE = 0, 1, 2, 3, 4
"""Codes of ``consciousness``: the ACVPU scale of NEWS2 (Royal College of Physicians, 2017)."""


def _measured(quantity: Quantity) -> Column:
    return Column(
        quantity.name,
        "integer",
        quantity.title,
        unit=quantity.stored_unit,
        required=False,
        minimum=quantity.stored(quantity.low),
        maximum=quantity.stored(quantity.high),
        discard="value",
    )


def _coded(name: str, description: str, low: int, high: int) -> Column:
    return Column(
        name,
        "integer",
        description,
        required=False,
        minimum=low,
        maximum=high,
        discard="value",
    )


SCHEMA = Schema(
    version=1,
    columns=(
        Column("patient", "text", "The patient", entity=True, personal=True),
        Column(
            "device",
            "text",
            "The device that measured",
            required=False,
            entity=True,
            personal=True,
        ),
        Column("ward", "text", "The ward in which the patient lies", required=False, entity=True),
        *(_measured(q) for q in VITAL_SIGNS + LABORATORY),
        _coded("consciousness", "0 alert, 1 new confusion, 2 voice, 3 pain, 4 unresponsive", 0, 4),
        _coded("supplemental_oxygen", "Whether oxygen is given: 0 air, 1 oxygen", 0, 1),
        _coded("spo2_scale", "SpO2 scale of NEWS2 that was prescribed: 1 or 2", 1, 2),
        *(_measured(q) for q in CONTEXT),
        _coded("sex", "0 female, 1 male", 0, 1),
        _coded(
            "care_unit",
            "1 medical, 2 surgical, 3 other intensive care, 4 general ward",
            MEDICAL_ICU,
            GENERAL_WARD,
        ),
    ),
    routing="patient",
)
"""Of the measured columns any may be missing; a row is what one device sent at one moment.

Device identifiers count as personal because they point to people (45 CFR 164.514(b)(2), "safe
harbor").
"""
