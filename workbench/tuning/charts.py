"""A study at a glance: the objective by trial, and which parameters mattered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from matplotlib.ticker import MaxNLocator, PercentFormatter

from workbench.style import BLUE, PALETTE, TEXT, Chart, figure_style, percent, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workbench.replay.evaluation import Measure
    from workbench.tuning.study import Study


def plot(study: Study) -> Figure:
    """Plot the objective by trial with the best so far, and the parameters' importance.

    Where too few trials came to their end to say which parameters matter, that is left out.

    Parameters
    ----------
    study
        A finished study.

    Returns
    -------
    matplotlib.figure.Figure
        11 by 4 inches; each title says what was found.
    """
    with figure_style():
        figure = Chart(11, 4)
        if study.importance.is_empty():
            only = figure.subplots()
            title(only, _objective(only, study), 110)
        else:
            left, right = figure.subplots(1, 2, width_ratios=(3, 2))
            title(left, _objective(left, study), 70)
            title(right, _importance(right, study), 44)
    return figure


def _objective(axes: Axes, study: Study) -> str:
    trials = study.trials.filter(pl.col("objective").is_not_null())
    complete = trials.filter(pl.col("state") == "complete")
    detectors = study.plan.detectors
    for color, detector in zip(PALETTE * len(detectors), detectors, strict=False):
        for state, marker, alpha in (("complete", "o", 0.9), ("pruned", "x", 0.6)):
            rows = trials.filter((pl.col("detector") == detector) & (pl.col("state") == state))
            axes.scatter(
                rows["number"],
                rows["objective"],
                s=22,
                marker=marker,
                color=color,
                alpha=alpha,
                label=detector if state == "complete" else None,
                linewidths=1,
            )
    so_far, metric = complete["objective"].cum_max(), _metric(study)
    axes.step(complete["number"], so_far, where="post", color=TEXT, lw=1.2, label="best so far")
    axes.set(
        xlabel="Trial (crosses: stopped early, as it stood)",
        ylabel=f"{metric.title} on the tuning span",
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    winner, first = study.winner, complete["objective"][0]
    found = f"{metric.spoken} {winner['objective']:.3f}"
    if winner["objective"] > first:
        found += f", the first whole one {first:.3f}"
    return (
        f"Trial {winner['number']} ({winner['detector']}) is the best of "
        f"{len(study.trials)}: {found}"
    )


def _importance(axes: Axes, study: Study) -> str:
    table = study.importance.reverse()
    detector = study.winner["detector"]
    places = np.arange(len(table))
    axes.barh(places, table["importance"], color=BLUE, alpha=0.65, height=0.62)
    axes.set_yticks(places, table["parameter"].to_list())
    axes.set(xlim=(0, 1), xlabel="Share of the objective's variance that it explains")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=False, axis="y")
    top = study.importance.row(0, named=True)
    return (
        f"“{top['parameter']}” matters most: {percent(top['importance'])} of what differs "
        f"between trials of {detector}"
    )


def _metric(study: Study) -> Measure:
    return study.confirmation.measures[study.plan.objective]
