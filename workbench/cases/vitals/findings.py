"""What a report on vital signs says in sentences and small tables.

Nothing that is said rests on fewer than five patients.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from workbench.cases.vitals.simulation.artefacts import ARTEFACTS
from workbench.cases.vitals.simulation.episodes import KINDS
from workbench.cases.vitals.stays import Stays
from workbench.cases.vitals.threshold import asked, freeze
from workbench.cases.vitals.tradeoff import tradeoff
from workbench.replay.panels import readable
from workbench.streams.privacy import SMALLEST_GROUP
from workbench.style import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.cases.vitals.threshold import Frozen
    from workbench.replay.effects import Effects
    from workbench.replay.estimates import Estimate
    from workbench.replay.evaluation import Comparison, Evaluation

BUDGETS: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Alarms per patient-day."""


def headline(evaluation: Evaluation) -> str:
    """Say what the alarms of the judged stays find, how early, and what they cost."""
    if evaluation.by_day.is_empty():
        return "Too few patients were judged to say anything."
    days = evaluation.by_day["day"]
    alarms, found, right, lead = (
        evaluation[name] for name in ("alarms_per_patient_day", "sensitivity", "ppv", "lead_hours")
    )
    since = f"From {days[0]:%d %B %Y} to {days[-1]:%d %B %Y}"
    if any(math.isnan(estimate.value) for estimate in (found, right, lead)):
        return (
            f"{since}, {alarms.value:.2f} alarms per patient-day were raised. Too few patients "
            "had an onset or an alarm to say more."
        )
    return (
        f"{since}, {alarms.value:.2f} alarms per "
        f"patient-day find {percent(found.value)} of the episodes in time (95 % interval "
        f"{_shares(found)}), half of them {lead.value:.1f} hours before the onset or earlier; "
        f"{percent(right.value)} of the alarms are right ({_shares(right)})."
    )


def against(name: str, comparison: Comparison) -> str:
    """Say how much better a run is than another one, and whether that is certain."""
    gain, alarms, found = (
        comparison[n] for n in ("utility", "alarms_per_patient_day", "sensitivity")
    )
    certain = {
        "better": "certainly better",
        "worse": "certainly worse",
        "not certain": "not certainly different",
    }[comparison.verdict("utility")]
    text = f"Against {name}: {certain}. Alarms per patient-day change by {alarms:+.2f}"
    if math.isnan(gain.value) or math.isnan(found.value):
        return f"{text}; too few patients had an onset to say more."
    return (
        f"{text}, the share of episodes found in time by {100 * found.value:+.1f} points "
        f"[{100 * found.low:+.1f}, {100 * found.high:+.1f}], the utility by {gain:+.3f}."
    )


def weak_points(evaluation: Evaluation) -> str:
    """Say in which wards alarms are right least and most often."""
    table = evaluation.by_pattern.drop_nans("ppv").sort("ppv", "pattern")
    if len(table) < 2:
        return "There are not two wards to tell apart."
    worst, best = table.row(0, named=True), table.row(-1, named=True)
    return (
        f"Alarms are right least often in “{worst['pattern']}” ({percent(worst['ppv'])} of "
        f"{worst['alarms']:,}), most often in “{best['pattern']}” ({percent(best['ppv'])} of "
        f"{best['alarms']:,})."
    )


def by_budget(
    frame: pl.DataFrame, evaluation: Evaluation, budgets: tuple[float, ...] = BUDGETS
) -> pl.DataFrame:
    """Return what thresholds find that raise so many alarms at most on the judged stays.

    Returns
    -------
    polars.DataFrame
        ``budget``, ``alarms_per_patient_day``, ``sensitivity``, ``ppv``, ``alarms_per_find`` and
        ``utility``; a budget that no threshold keeps to is left out. Empty where fewer than five
        patients had an onset.
    """
    told = not math.isnan(evaluation["sensitivity"].value)
    settings = asked(evaluation.settings)
    at, rule = settings["frozen_at"], settings["rule"]
    curve = tradeoff(frame, points=200, frozen_at=at, rule=rule) if told else pl.DataFrame()
    rows = []
    for budget in budgets if told else ():
        kept = curve.filter(pl.col("alarms_per_patient_day") <= budget)
        if len(kept):
            rows.append({"budget": budget, **kept.row(0, named=True)})
    columns = ("budget", "alarms_per_patient_day", "sensitivity", "ppv", "utility")
    schema = dict.fromkeys(("threshold", *columns), pl.Float64)
    found = pl.DataFrame(rows, schema=schema).select(columns)
    return found.with_columns((1 / pl.col("ppv")).alias("alarms_per_find"))


def by_kind(frame: pl.DataFrame, evaluation: Evaluation) -> pl.DataFrame:
    """Return how many episodes of each kind are found in time, and how early.

    Parameters
    ----------
    frame
        An evaluation frame with ``pattern``: kinds of episodes are known of simulated streams.
    evaluation
        What was found on it: its alarm budget counts.

    Returns
    -------
    polars.DataFrame
        ``kind``, ``episodes``, ``sensitivity`` and ``lead_hours`` (the median of those found),
        the one that is missed most first. Kinds of fewer than five patients are left out.
    """
    stays, frozen = _judged(frame, evaluation)
    pattern = stays.rows["pattern"]
    kinds = [kind.name for kind in KINDS]
    seen = frozen.judged[stays.stay]
    of = pl.DataFrame({"stay": stays.stay, "kind": pattern}).filter(
        pl.Series(seen) & pl.col("kind").is_in(kinds)
    )
    kind_of = of.group_by("stay").agg(pl.col("kind").first())
    rows = pl.DataFrame(
        {"stay": stays.stay, "since": stays.since, "alarm": stays.alarms(frozen.rule)}
    ).filter(pl.Series(seen & stays.in_time))
    found = (
        rows.group_by("stay")
        .agg((-pl.col("since")).filter(pl.col("alarm")).first().alias("lead_hours"))
        .join(kind_of, on="stay")
        .group_by("kind")
        .agg(
            pl.len().alias("episodes"),
            pl.col("lead_hours").is_not_null().mean().alias("sensitivity"),
            pl.col("lead_hours").median(),
        )
    )
    return found.filter(pl.col("episodes") >= SMALLEST_GROUP).sort("sensitivity", "kind")


def by_artefact(frame: pl.DataFrame, evaluation: Evaluation) -> pl.DataFrame:
    """Return how often each kind of artefact became a false alarm.

    Returns
    -------
    polars.DataFrame
        ``artefact``, ``observations``, ``patients`` and ``alarms`` of the judged stays, most
        alarms first. Artefacts of fewer than five patients are left out.
    """
    stays, frozen = _judged(frame, evaluation)
    alarm = stays.alarms(frozen.rule) & ~stays.true
    rows = pl.DataFrame(
        {"stay": stays.stay, "artefact": stays.rows["pattern"], "alarm": alarm}
    ).filter(
        pl.Series(frozen.judged[stays.stay])
        & pl.col("artefact").is_in([artefact.name for artefact in ARTEFACTS])
    )
    found = rows.group_by("artefact").agg(
        pl.len().alias("observations"),
        pl.col("stay").n_unique().alias("patients"),
        pl.col("alarm").sum().alias("alarms"),
    )
    return found.filter(pl.col("patients") >= SMALLEST_GROUP).sort(
        ["alarms", "artefact"], descending=[True, False]
    )


def typical(frame: pl.DataFrame, evaluation: Evaluation) -> str | None:
    """Return the patient of the episode that was found with the median lead; none without one.

    For charts of simulated patients: one patient is a group smaller than five.
    """
    stays, frozen = _judged(frame, evaluation)
    found = np.flatnonzero(frozen.judged[stays.stay] & stays.in_time & stays.alarms(frozen.rule))
    _, first = np.unique(stays.stay[found], return_index=True)
    if not len(first):
        return None
    at = found[first]
    middle = at[np.argsort(stays.since[at], kind="stable")[len(at) // 2]]
    patient: str = stays.rows["patient"][int(middle)]
    return patient


def driving(effects: Effects | None) -> str:
    """Say which signs speak most for deterioration."""
    if effects is None:
        return "This detector does not say what drives its scores."
    top = effects.table.drop_nulls("gain").drop_nans("gain").head(3).to_dicts()
    named = ", ".join(f"“{readable(row['term'])}” ({row['gain']:+.2f})" for row in top)
    return f"What raises the score most before deterioration, in log-odds: {named}."


def sides(evaluations: Mapping[str, Evaluation]) -> str:
    """Say which of several detectors gains most."""
    order = sorted(
        evaluations.items(),
        key=lambda pair: -np.inf if pair[1]["utility"].value != pair[1]["utility"].value
        else pair[1]["utility"].value,
        reverse=True,
    )  # fmt: skip
    (best, first), (second, other) = order[:2]
    return (
        f"{best} gains most: utility {first['utility']}, before {second} with {other['utility']}."
    )


def _judged(frame: pl.DataFrame, evaluation: Evaluation) -> tuple[Stays, Frozen]:
    """Return the observations of a frame, and what was frozen when it was evaluated."""
    stays = Stays(frame)
    return stays, freeze(stays, **asked(evaluation.settings))


def _shares(estimate: Estimate) -> str:
    return f"{percent(estimate.low)} to {percent(estimate.high)}"
