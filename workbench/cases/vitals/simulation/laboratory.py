"""What the laboratory finds in blood, and what of it anybody asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from workbench.cases.vitals.simulation.draws import DAY, Reals, wander

if TYPE_CHECKING:
    from workbench.cases.vitals.simulation.body import Body
    from workbench.cases.vitals.simulation.draws import Flags
    from workbench.cases.vitals.simulation.stays import Stay

USUAL: Final = {
    "creatinine": (0.95, 0.30, 0.05, 2),
    "bun": (17, 5, 1.5, 0),
    "potassium": (4.1, 0.3, 0.15, 1),
    "chloride": (103, 3, 1, 0),
    "bicarbonate": (24.5, 1.8, 0.8, 0),
    "glucose": (122, 25, 14, 0),
    "calcium": (9.0, 0.4, 0.15, 1),
    "wbc": (8.5, 2.2, 0.8, 1),
    "hemoglobin": (11.8, 1.6, 0.25, 1),
    "hematocrit": (35.5, 4.6, 0.8, 1),
    "platelets": (235, 65, 14, 0),
    "bilirubin_total": (0.7, 0.25, 0.08, 1),
    "lactate": (1.3, 0.3, 0.2, 1),
    "ph": (7.40, 0.02, 0.012, 2),
    "paco2": (40, 3, 1.5, 0),
    "sao2": (96, 1.2, 0.8, 0),
    "base_excess": (0.0, 1.5, 0.8, 0),
}
"""Value → mean of all, spread between patients and from draw to draw, decimals reported."""

GAS: Final = ("ph", "paco2", "sao2", "base_excess", "bicarbonate")
"""An arterial blood gas; the others come together once a day."""
SELDOM: Final = ("lactate", "bilirubin_total")
"""Asked for where staff worry."""

_OF_LUNG_DISEASE: Final = {"paco2": 14.0, "bicarbonate": 5.0, "sao2": -6.0, "ph": -0.02}


def results(stay: Stay, body: Body, worried: Flags, rng: np.random.Generator) -> dict[str, Reals]:
    """Return the values of each draw in the quantities' own units; NaN where nobody asked.

    Parameters
    ----------
    stay
        The stay.
    body
        The patient whenever blood is drawn, shape (n,).
    worried
        Whether staff worry, shape (n,).
    rng
        The stay's random stream.
    """
    episode, patient, time = stay.episode, stay.patient, body.time
    gas = rng.random(time.size) < np.where(worried, 0.6, 0.08 + 0.2 * patient.lung_disease)
    seldom = rng.random(time.size) < np.where(worried, 0.75, 0.12)
    found = {}
    for name, (mean, between, within, decimals) in USUAL.items():
        value = rng.normal(mean, between) + within * wander(time, DAY / 2, rng)
        value = value + patient.lung_disease * _OF_LUNG_DISEASE.get(name, 0.0)
        if episode is not None:
            value = value + episode.effect(name, body.severity)
        if name in GAS:
            asked = gas | (~gas & (name == "bicarbonate"))
        else:
            asked = seldom if name in SELDOM else np.ones(time.size, np.bool_)
        found[name] = np.where(asked, np.round(value, decimals), np.nan)
    return found
