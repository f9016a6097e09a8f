"""Parts of figures that any case can use: legends, axes of days, days on which things changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from workbench.moments import moment
from workbench.replay import metrics
from workbench.style import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from matplotlib.axes import Axes

    from workbench.replay.estimates import Floats

WEEK: Final = 7


def below(axes: Axes) -> None:
    """Put the legend under the axes, where it covers nothing."""
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.46, -0.17), ncols=2, fontsize=7.5,
        handlelength=1.4, columnspacing=0.8, borderpad=0,
    )  # fmt: skip


def span(days: npt.NDArray[np.datetime64]) -> str:
    """Name an axis of days, with the years that its ticks leave out."""
    return f"Day (UTC), {days[0]} to {days[-1]}" if len(days) else "Day (UTC)"


def trailing(values: Floats, weights: Floats, width: int = WEEK) -> Floats:
    """Return the weighted mean of the last ``width`` values that are defined, shape (n,).

    Weighted by its events, a day with a single one does not move the line much.

    Examples
    --------
    >>> trailing(np.array([1.0, 2.0, np.nan, 4.0]), np.array([1, 1, 1, 3]), 2)
    array([1. , 1.5, 2. , 4. ])
    """
    weights = np.where(np.isnan(values), 0.0, weights)
    sums = (np.cumsum(x) for x in (np.nan_to_num(values) * weights, weights))
    total, weight = (x - np.append(np.zeros(width), x)[: len(x)] for x in sums)
    return metrics.ratio(total, weight)


def readable(text: str) -> str:
    """Write a name for people."""
    return text.replace("_", " ")


def changes(truth: Mapping[str, Any] | None, first: date, last: date) -> list[tuple[date, str]]:
    """Return on which days after the first, to the last, a stream is known to have changed.

    Examples
    --------
    >>> from datetime import date
    >>> truth = {"drift": [{"time": "2025-04-02T00:00:00Z", "what": "theft begins"}]}
    >>> changes(truth, date(2025, 4, 1), date(2025, 4, 30))
    [(datetime.date(2025, 4, 2), 'theft begins')]
    """
    found = []
    for change in (truth or {}).get("drift") or []:
        at = moment(change["time"])
        if at is not None and first < at.date() <= last:
            found.append((at.date(), str(change["what"])))
    return found


def mark_changes(axes: Axes, found: Sequence[tuple[date, str]]) -> None:
    """Draw a numbered line at the day of each change."""
    for number, (day, _) in enumerate(found, 1):
        axes.vlines([np.datetime64(day)], 0, 1, color=TEXT, lw=1, ls=(0, (4, 2)),
                    transform=axes.get_xaxis_transform())  # fmt: skip
        axes.annotate(
            f" {number}", (np.datetime64(day), 0.98), xycoords=("data", "axes fraction"),
            va="top", fontsize=8, fontweight="bold",
        )  # fmt: skip


def list_changes(axes: Axes, found: Sequence[tuple[date, str]]) -> None:
    """Say below the axes, in two columns, what the numbered lines mean."""
    lines = -(-len(found) // 2)
    for line, (day, what) in enumerate(found):
        axes.annotate(
            f"{line + 1}  {day:%d %b}: {readable(what)}",
            (0.5 * (line // lines), 0), (0, -34 - 12 * (line % lines)),
            xycoords="axes fraction", textcoords="offset points", va="top", fontsize=8,
        )  # fmt: skip
