"""How well deterioration is foreseen, and what the alarms cost those who answer them.

The protocol, exactly. It is prequential: every observation is scored before its label is known.

*Threshold.* It is chosen on the first two fifths of the frame's time, from stays all of whose
labels were known by then, and frozen: of the thresholds that keep to the alarm budget the one
that gains most utility (see :mod:`workbench.cases.vitals.threshold`). Everything else is measured
on stays that began later, with that one threshold.

*Alarms* are those that the case's alarm policy raises (:mod:`workbench.cases.vitals.alarms`), as
a live worker with these settings would. A *patient-day* is 24 hours of stays in which the patient
was observed.

*Onset.* Six hours after a stay's first label of 1, as the challenge has it [1]_. An alarm finds
the episode in time from 12 hours before the onset to 3 hours after it.

- *Utility*: the challenge's, by hour of the stay: an hour counts as an alarm where any of its
  scores reaches the threshold. Also of the first 54 hours of each stay, because of how the
  challenge's set was cut: alarms in hour 58 and later are nearly always right there, whatever is
  measured.
- *AUROC*, *AUPRC* (average precision): of observations with a label.
- *PPV*: share of the alarms that find an episode in time, or are raised where the label is 1. Of
  alarms at observations without a label nobody knows; they count as alarms, and not here.
- *Sensitivity*: share of the episodes that were found in time; *lead time*: from the first alarm
  that finds an episode to its onset, the median of those found.
- *Time to the first false alarm*: after how many hours half of the patients had one, by Kaplan and
  Meier's estimate; an onset or the end of the stay ends the wait for it.
- *Alarms on artefacts*: false ones at observations of which the ground truth says that the device
  was wrong.

Intervals resample patients with all their observations; the threshold stays as it is. A figure
that fewer than five patients stand behind is not told, be it of the whole, a day or a ward.

A research tool, not a medical device.

References
----------
.. [1] M. A. Reyna et al., Critical Care Medicine 48 (2020) 210-217.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from workbench.cases.vitals import utility as worth
from workbench.cases.vitals.sample import BY_PART, RATIOS, Sample
from workbench.cases.vitals.stays import Hours, Stays
from workbench.cases.vitals.threshold import BUDGET, freeze
from workbench.errors import ParameterError
from workbench.replay.estimates import Estimate, bootstrap, columns, difference
from workbench.replay.evaluation import Comparison, Evaluation, Measure
from workbench.streams.privacy import SMALLEST_GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from workbench.cases.vitals.sample import Sums

MEASURES: Final = {
    "utility": Measure("Utility"),
    "utility_54h": Measure("Utility of the first 54 hours"),
    "auroc": Measure("AUROC"),
    "auprc": Measure("AUPRC"),
    "alarms_per_patient_day": Measure(
        "Alarms per patient-day", ".2f", limit=None, higher_is_better=False
    ),
    "ppv": Measure("Positive predictive value"),
    "sensitivity": Measure("Sensitivity by episode"),
    "lead_hours": Measure("Median lead time (hours)", ".1f", limit=None),
    "first_false_alarm_hours": Measure("Median time to a false alarm (hours)", ".1f", limit=None),
    "artefact_alarms_per_patient_day": Measure(
        "Alarms on artefacts per patient-day", ".3f", limit=None, higher_is_better=False
    ),
}
"""How the metrics are called and written."""


def utility(rows: pl.DataFrame) -> float:
    """Return the utility of an evaluation frame at its own frozen threshold: what tuning raises.

    With no budget of alarms, which would take as long as the rest of a trial. ``NaN`` where no
    stay that is judged has an onset.
    """
    stays = Stays(rows)
    frozen = freeze(stays, None)
    hours = Hours(stays, frozen.judged[stays.stay])
    known = hours.labelled
    return worth.normalised_utility(hours.score[known] >= frozen.threshold, hours.since[known])


def alerts(
    frame: pl.DataFrame,
    *,
    budget: float | None = BUDGET,
    rule: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the settings of the alarms that :func:`evaluate` reports, for a live worker.

    Parameters
    ----------
    frame
        An evaluation frame.
    budget, rule
        As for :func:`evaluate`.

    Returns
    -------
    dict
        Settings of :class:`workbench.cases.vitals.alarms.Alarms`: a third of the alarms before
        the threshold was frozen were of each severity. Empty without observations to choose the
        threshold on.
    """
    stays = Stays(frame)
    frozen = freeze(stays, budget, rule=rule)
    if frozen.rule is None:
        return {}
    raised = stays.score[stays.alarms(frozen.rule) & (stays.time < frozen.until)]
    levels = np.quantile(raised, (1 / 3, 2 / 3)) if len(raised) else [frozen.threshold] * 2
    medium, high = map(float, levels)
    return {"threshold": frozen.threshold, "medium": medium, "high": high, **(rule or {})}


def evaluate(
    frame: pl.DataFrame,
    *,
    budget: float | None = BUDGET,
    frozen_at: datetime | None = None,
    rule: Mapping[str, Any] | None = None,
    smallest: int = SMALLEST_GROUP,
    replicates: int = 200,
    seed: int = 0,
) -> Evaluation:
    """Evaluate scores of observations against what became of the patients.

    Parameters
    ----------
    frame
        An evaluation frame with ``patient``; and ``ward``, ``care_unit``, ``stay_hour``,
        ``pattern``, ``device`` and the vital signs where they are known.
    budget
        Alarms per patient-day at most, where the threshold is chosen; ``None`` for as many as
        gain utility.
    frozen_at
        When the threshold is frozen; by default after two fifths of the frame's time.
    rule
        Settings of the alarms, see :class:`workbench.cases.vitals.alarms.Rule`; with a threshold
        among them none is chosen.
    smallest
        Patients that a figure must rest on to be told.
    replicates, seed
        Of the bootstrap over patients; without replicates there are no intervals.

    Returns
    -------
    Evaluation
        With the metrics of :data:`MEASURES`. ``by_day`` has ``day``, ``events``, ``patients``,
        ``alarms`` and the metrics of :data:`~workbench.cases.vitals.sample.BY_PART` with limits;
        ``by_pattern`` the same by ward, or by kind of unit where no wards are known.

    Raises
    ------
    ParameterError
        If a column is missing or the budget is not above 0.
    """
    stays = Stays(frame)
    frozen = freeze(stays, budget, frozen_at, rule)
    sample = Sample(stays, frozen.judged, frozen.threshold, stays.alarms(frozen.rule))
    (days, daily), (wards, by_ward) = sample.by_day(), sample.by_ward()
    estimates = bootstrap(
        lambda w: np.concatenate(
            (
                sample.overall(w),
                daily.ratios(w, BY_PART).ravel(),
                by_ward.ratios(w, BY_PART).ravel(),
            )
        ),
        sample.patients,
        replicates=replicates,
        seed=seed,
    )
    own = len(sample.names)
    by_day = own + len(BY_PART) * len(days)
    overall = _told(sample.names, estimates, sample.behind(), smallest)
    return Evaluation(
        {name: overall[name] for name in MEASURES if name in overall},
        MEASURES,
        n=sample.events,
        positives=sample.positives,
        entities=sample.patients,
        excluded=sample.excluded,
        by_day=_table(days, daily, estimates[own:by_day], smallest),
        by_pattern=_table(wards, by_ward, estimates[by_day:], smallest),
        settings={
            "threshold": frozen.threshold if np.isfinite(frozen.threshold) else None,
            "frozen_at": frozen.at,
            "alarms_per_patient_day": budget,
            **(rule or {}),
            "replicates": replicates,
            "seed": seed,
        },
        entity="patient",
        positive="before or in deterioration",
        grouping="ward",
    )


def compare(
    frame: pl.DataFrame,
    other: pl.DataFrame,
    *,
    budget: float | None = BUDGET,
    frozen_at: datetime | None = None,
    rule: Mapping[str, Any] | None = None,
    smallest: int = SMALLEST_GROUP,
    replicates: int = 200,
    seed: int = 0,
) -> Comparison:
    """Estimate how much better ``frame``'s scores are than ``other``'s on the same patients.

    Each has the threshold that it would have chosen on what both scored, under the same budget;
    both are measured on the same resampled patients.

    Raises
    ------
    ParameterError
        If the two share no evaluated observation, a column is missing or the budget is not above
        0.
    """
    shared = [
        f.join(g, on="event_id", how="semi", maintain_order="left")
        for f, g in ((frame, other), (other, frame))
    ]
    samples = []
    for rows in shared:
        stays = Stays(rows)
        frozen = freeze(stays, budget, frozen_at, rule)
        alarm = stays.alarms(frozen.rule)
        samples.append(Sample(stays, frozen.judged, frozen.threshold, alarm))
    first, second = samples
    if not first.events:
        raise ParameterError.of(
            "a comparison of two runs that share no evaluated observation",
            allowed="two runs over the same stream and overlapping spans",
            hint="replay both over the same span",
        )
    estimates = difference(
        first.overall, second.overall, first.patients, replicates=replicates, seed=seed
    )
    behind = {n: min(of, second.behind()[n]) for n, of in first.behind().items()}
    found = _told(first.names, estimates, behind, smallest)
    return Comparison(
        {name: found[name] for name in MEASURES if name in found},
        MEASURES,
        n=first.events,
        unshared=len(frame) + len(other) - 2 * len(shared[0]),
    )


def _told(
    names: Sequence[str], estimates: Sequence[Estimate], behind: Mapping[str, int], smallest: int
) -> dict[str, Estimate]:
    """Return the metrics by name, without those that too few patients stand behind."""
    return {
        name: estimate if behind[name] >= smallest else Estimate(np.nan)
        for name, estimate in zip(names, estimates, strict=False)
    }


def _table(
    part: pl.Series, sums: Sums, estimates: Sequence[Estimate], smallest: int
) -> pl.DataFrame:
    """Return one row a part, without what too few patients stand behind."""
    patients = sums.patients("hours")
    told = [
        estimate if known >= smallest else Estimate(np.nan)
        for name, row in zip(BY_PART, _rows(estimates, len(part)), strict=True)
        for estimate, known in zip(row, sums.patients(RATIOS[name][1]), strict=True)
    ]
    return pl.DataFrame(
        [
            part,
            *(pl.Series(name, sums.count(name)) for name in ("events", "alarms")),
            pl.Series("patients", patients),
            *columns(BY_PART, told),
        ]
    ).filter(pl.col("patients") >= smallest)


def _rows(estimates: Sequence[Estimate], width: int) -> list[Sequence[Estimate]]:
    return [estimates[i * width : (i + 1) * width] for i in range(len(BY_PART))]
