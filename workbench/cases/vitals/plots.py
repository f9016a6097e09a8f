"""Figures of the vitals case. Each has titles that state what was found.

Nothing in them rests on fewer than five patients; the chart of one patient is in
:mod:`workbench.cases.vitals.bedside`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.cases.vitals import panels
from workbench.replay.panels import changes
from workbench.style import Chart, figure_style, title

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from matplotlib.figure import Figure

    from workbench.replay.evaluation import Evaluation


def plot(
    frame: pl.DataFrame,
    evaluation: Evaluation,
    truth: Mapping[str, Any] | None = None,
    baseline: Mapping[str, pl.DataFrame] | None = None,
) -> Figure:
    """Plot a run at a glance.

    Sensitivity against alarms per patient-day, how early episodes are found, and alarms by day
    with known drift marked.

    Parameters
    ----------
    frame
        The evaluation frame.
    evaluation
        What was found on it.
    truth
        The stream's ground truth, where it has one: ``drift`` is a list of ``time`` (RFC 3339)
        and ``what``.
    baseline
        Evaluation frames of other runs by name, of which the observations count that this run
        scored; one that is called ``NEWS2`` is drawn with the thresholds at which a ward acts.

    Returns
    -------
    matplotlib.figure.Figure
        11 by 8 inches.
    """
    others = {
        name: other.join(frame, on="event_id", how="semi", maintain_order="left")
        for name, other in (baseline or {}).items()
    }
    days = evaluation.by_day["day"].to_list() if not evaluation.by_day.is_empty() else []
    with figure_style():
        figure = Chart(11, 8)
        grid = figure.add_gridspec(2, 2)
        left, right = (figure.add_subplot(grid[0, i]) for i in range(2))
        bottom = figure.add_subplot(grid[1, :])
        title(left, panels.tradeoffs(left, frame, evaluation, others), 60)
        title(right, panels.leads(right, frame, evaluation, others), 60)
        marked = changes(truth, days[0], days[-1]) if days else []
        title(bottom, panels.by_day(bottom, evaluation, marked), 110)
    return figure


def plot_wards(evaluation: Evaluation) -> Figure:
    """Plot sensitivity, the share of alarms that is right, and alarms of each ward."""
    with figure_style():
        figure = Chart(10, 1.9 + 0.42 * max(len(evaluation.by_pattern), 2))
        axes = figure.subplots(1, 3, sharey=True)
        text = panels.wards(list(axes), evaluation)
        figure.suptitle(text, x=0.01, ha="left", fontsize=10, fontweight="bold")
    return figure
