"""Figures of the recommend case. Each has titles that state what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.cases.recommend import panels
from workbench.cases.recommend.sample import Lists
from workbench.moments import moment
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

    The hit rate by the length of the list, for whom and what it is hard, how the slots fall on
    the catalogue, and the metrics by day with what is known to have changed.

    Parameters
    ----------
    frame
        The evaluation frame.
    evaluation
        What was found on it.
    truth
        The stream's ground truth, where it has one: ``launches``, ``seasons``, ``fashions``,
        ``strikes`` and ``outages`` are marked.
    baseline
        Evaluation frames of other runs by name, for their hit rates.

    Returns
    -------
    matplotlib.figure.Figure
        11 by 8 inches.
    """
    since = moment(evaluation.settings.get("since"))
    lists = Lists(frame, since)
    others = {name: Lists(other, since) for name, other in (baseline or {}).items()}
    with figure_style():
        figure = Chart(11, 8)
        grid = figure.add_gridspec(3, 3, height_ratios=(5, 5, 1.2))
        top = [figure.add_subplot(grid[0, i]) for i in range(3)]
        days = figure.add_subplot(grid[1, :])
        strip = figure.add_subplot(grid[2, :], sharex=days)
        title(top[0], panels.by_place(top[0], lists, others), 36)
        title(top[1], panels.by_group(top[1], evaluation), 32)
        title(top[2], panels.concentration(top[2], lists), 34)
        title(days, panels.by_day(days, evaluation, truth), 110)
        if evaluation.by_day.is_empty() or not panels.spells(strip, truth):
            strip.set_visible(False)
        strip.tick_params(labelbottom=False, bottom=False)
    return figure
