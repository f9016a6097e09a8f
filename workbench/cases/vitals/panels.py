"""Panels of the vitals case's figures: each draws into axes and says what it found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from workbench.cases.vitals.artefacts import LEAPS
from workbench.cases.vitals.bedside import EMERGENCY, MOST, URGENT
from workbench.cases.vitals.stays import Stays
from workbench.cases.vitals.threshold import THRESHOLD, asked, freeze
from workbench.cases.vitals.tradeoff import at_most, tradeoff
from workbench.cases.vitals.utility import EARLY, LATE
from workbench.replay.panels import WEEK, below, list_changes, mark_changes, span, trailing
from workbench.style import BLUE, GREEN, OCHRE, TEXT, VERMILION, blank, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from matplotlib.axes import Axes

    from workbench.replay.estimates import Floats
    from workbench.replay.evaluation import Evaluation

NEWS2: Final = "NEWS2"
"""What a run of the chart is called among others: its curve shows where a ward would act."""
_COLORS: Final = (GREEN, OCHRE, VERMILION)
_NO_EPISODES: Final = "Fewer than five stays of this span have an onset"


def tradeoffs(
    axes: Axes, frame: pl.DataFrame, evaluation: Evaluation, others: Mapping[str, pl.DataFrame]
) -> str:
    """Draw sensitivity against alarms per patient-day over those of other runs."""
    settings = asked(evaluation.settings)
    same = {name: settings[name] for name in ("frozen_at", "rule")}
    own = tradeoff(frame, **same).drop_nans("sensitivity")
    axes.set(
        xscale="log",
        xlabel="Alarms per patient-day",
        ylabel="Episodes found in time",
        ylim=(0, 1.02),
    )
    if own.is_empty() or math.isnan(evaluation["sensitivity"].value):
        blank(axes, _NO_EPISODES)
        return _NO_EPISODES
    curves = {name: tradeoff(other, **same) for name, other in others.items()}
    for (name, curve), color in zip(curves.items(), _COLORS * 9, strict=False):
        _curve(axes, curve, name, color, "--")
        if name == NEWS2:
            _marks(axes, others[name], color)
    _curve(axes, own, "this run", BLUE, "-")
    alarms = evaluation["alarms_per_patient_day"].value
    found = evaluation["sensitivity"].value
    axes.plot([alarms], [found], "o", color=VERMILION, ms=6, zorder=3, label="frozen threshold")
    axes.set_xlim(0.02, 8)
    axes.set_xticks([0.05, 0.1, 0.2, 0.5, 1, 2, 5], ["0.05", "0.1", "0.2", "0.5", "1", "2", "5"])
    axes.minorticks_off()
    below(axes)
    text = f"{alarms:.1f} alarms per patient-day find {percent(found)} of the episodes"
    if curves:
        name, curve = next(iter(curves.items()))
        text += f"; with as many, {name} finds {percent(at_most(curve, alarms))}"
    return text


def leads(
    axes: Axes, frame: pl.DataFrame, evaluation: Evaluation, others: Mapping[str, pl.DataFrame]
) -> str:
    """Draw how many episodes are found by how many hours before their onset."""
    own = asked(evaluation.settings)
    chosen = own | {"rule": {n: v for n, v in own["rule"].items() if n != THRESHOLD}}
    grid = np.linspace(EARLY, LATE, 181)
    shares = {"this run": _found_by(frame, own, grid)}
    shares |= {name: _found_by(other, chosen, grid) for name, other in others.items()}
    if math.isnan(evaluation["sensitivity"].value):
        blank(axes, _NO_EPISODES)
        return _NO_EPISODES
    for (name, share), color in zip(shares.items(), (BLUE, *_COLORS * 9), strict=False):
        axes.plot(grid, share, color=color, ls="-" if name == "this run" else "--", label=name)
    axes.axvline(0, color=VERMILION, lw=1, ls=(0, (4, 2)))
    axes.set(
        xlabel="Hours from the onset", ylabel="Episodes found by then", ylim=(0, 1.02),
        xlim=(EARLY, LATE),
    )  # fmt: skip
    below(axes)
    early = shares["this run"][np.searchsorted(grid, -6.0)]
    return f"{percent(early)} of the episodes are found six hours before the onset or earlier"


def by_day(axes: Axes, evaluation: Evaluation, changes: Sequence[tuple[date, str]]) -> str:
    """Draw alarms per patient-day by day, and the share of them that is right."""
    table = evaluation.by_day
    if table.is_empty():
        blank(axes, "No day with five patients or more")
        return "No day with five patients or more"
    days = table["day"].to_numpy()
    for name, label, color, weights, hours in (
        ("alarms_per_patient_day", "alarms per patient-day", BLUE, table["patients"], -3),
        ("ppv", "share of alarms that is right", GREEN, table["alarms"], 3),
    ):
        value, low, high = (table[name + part].to_numpy() for part in ("", "_low", "_high"))
        beside = days.astype("datetime64[h]") + np.timedelta64(hours, "h")
        axes.vlines(beside, low, high, color=color, lw=0.9, alpha=0.45)
        axes.plot(beside, value, "o", color=color, ms=2.5)
        smooth = trailing(value, weights.to_numpy())
        axes.plot(days, smooth, color=color, lw=2, label=f"{label}, mean of {WEEK} days")
    axes.set(ylabel="By day, with 95 % intervals", ylim=(0, None))
    axes.set_xlabel(span(days), loc="left")
    axes.set_xlim(days[0] - np.timedelta64(12, "h"), days[-1] + np.timedelta64(12, "h"))
    axes.legend(loc="upper right", bbox_to_anchor=(1, -0.09), ncols=2, borderaxespad=0)
    mark_changes(axes, changes)
    list_changes(axes, changes)
    smooth = trailing(table["alarms_per_patient_day"].to_numpy(), table["patients"].to_numpy())
    smooth = smooth[WEEK - 1 :] if len(smooth) > WEEK else smooth
    return (
        f"Alarms over {WEEK} days stay between {np.nanmin(smooth):.1f} and "
        f"{np.nanmax(smooth):.1f} per patient-day"
    )


def wards(axes: Sequence[Axes], evaluation: Evaluation) -> str:
    """Draw alarms, the share of them that is right, and sensitivity of each ward."""
    table = evaluation.by_pattern.sort("patients")
    if table.is_empty():
        for panel in axes[1:]:
            panel.set_axis_off()
        blank(axes[0], "No ward with five patients or more")
        return "No ward with five patients or more"
    places = np.arange(len(table))
    for panel, name in zip(axes, ("sensitivity", "ppv", "alarms_per_patient_day"), strict=True):
        value, low, high = (table[name + part].to_numpy() for part in ("", "_low", "_high"))
        panel.barh(places, np.nan_to_num(value), color=BLUE, alpha=0.65, height=0.62)
        panel.hlines(places, low, high, color=TEXT, lw=2)
        title = evaluation.measures[name].title
        panel.set(xlabel=f"{title},\n95 % interval")
        panel.set_xlim(0, 1 if evaluation.measures[name].limit else None)
        panel.grid(visible=False, axis="y")
    names = [f"{row['pattern']} ({row['patients']:,})" for row in table.to_dicts()]
    axes[0].set_yticks(places, names)
    most = table.sort("alarms_per_patient_day").row(-1, named=True)
    text = (
        f"Most alarms are raised in “{most['pattern']}”: {most['alarms_per_patient_day']:.1f} per "
        "patient-day"
    )
    return text if math.isnan(most["ppv"]) else f"{text}, {percent(most['ppv'])} of them right"


def _curve(axes: Axes, curve: pl.DataFrame, name: str, color: str, dash: Any) -> None:
    kept = curve.filter(pl.col("alarms_per_patient_day") > 0)
    axes.plot(kept["alarms_per_patient_day"], kept["sensitivity"], color=color, ls=dash, label=name)


def _marks(axes: Axes, frame: pl.DataFrame, color: str) -> None:
    """Mark where a ward would ask for a review, and for the emergency team: at every value."""
    at = tradeoff(
        # Without the signs nothing is left out as an artefact.
        frame.drop(LEAPS, strict=False),
        [points / MOST - 1e-9 for points in (URGENT, EMERGENCY)],
        rule={"persistence": "0s"},
    )
    axes.plot(at["alarms_per_patient_day"], at["sensitivity"], "s", color=color, ms=4)
    for points, row in zip((URGENT, EMERGENCY), at.to_dicts(), strict=True):
        axes.annotate(
            f" {NEWS2} ≥ {points} ", (row["alarms_per_patient_day"], row["sensitivity"]),
            va="top", ha="right" if points == EMERGENCY else "left", fontsize=7.5,
        )  # fmt: skip


def _found_by(frame: pl.DataFrame, settings: Mapping[str, Any], grid: Floats) -> Floats:
    """Return the share of the judged episodes that an alarm found by each hour of a grid."""
    stays = Stays(frame)
    frozen = freeze(stays, **settings)
    seen = frozen.judged[stays.stay] & stays.in_time
    episodes = len(np.unique(stays.stay[seen]))
    at = np.flatnonzero(seen & stays.alarms(frozen.rule))
    _, first = np.unique(stays.stay[at], return_index=True)
    since = np.sort(stays.since[at[first]])
    count = np.searchsorted(since, grid, side="right")
    return count / episodes if episodes else np.full(len(grid), math.nan)
