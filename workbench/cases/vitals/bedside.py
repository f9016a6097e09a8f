"""A patient's chart, as a ward would read it: signs, NEWS2, score, alarms and outcome.

One patient is a group smaller than five. Charts are for simulated patients, and for those who
treat the patient; a published report has none of real people.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl
from matplotlib.dates import DateFormatter
from matplotlib.layout_engine import ConstrainedLayoutEngine

from workbench.cases.vitals.quantities import quantity
from workbench.cases.vitals.scores import last, news2_parts
from workbench.cases.vitals.simulation.artefacts import ARTEFACTS
from workbench.cases.vitals.stays import Stays
from workbench.cases.vitals.threshold import made
from workbench.cases.vitals.utility import EARLY, OPTIMAL
from workbench.errors import ParameterError
from workbench.features.derived import Points, Where
from workbench.style import BLUE, GREEN, OCHRE, PURPLE, TEXT, VERMILION, Chart, figure_style, title

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST: Final = 20
"""Points of NEWS2."""
URGENT, EMERGENCY = 5, 7
"""From how many points of NEWS2 on a ward asks for an urgent review, and for the emergency team."""
_AFTER: Final = timedelta(hours=6)
"""What is shown after an onset."""
_SHADES: Final = (0.0, 0.07, 0.14, 0.24)
"""How dark a band is that gives so many points."""


class Sign(NamedTuple):
    """A panel of the chart."""

    name: str
    label: str
    low: float
    high: float


SIGNS: Final = (
    Sign("respiration", "Breath\n/min", 5, 35),
    Sign("spo2", "SpO₂\n%", 78, 101),
    Sign("systolic", "Pressure\nmm Hg", 40, 200),
    Sign("heart_rate", "Pulse\n/min", 35, 160),
    Sign("temperature", "Temp.\n°C", 34.5, 40.5),
)
"""In the order of the NEWS2 chart."""


def bedside(
    frame: pl.DataFrame,
    news2: pl.DataFrame,
    patient: str,
    threshold: float,
    *,
    onset: datetime | None = None,
    until: datetime | None = None,
    hours: float = 48,
    rule: Mapping[str, Any] | None = None,
) -> Figure:
    """Plot the last hours of a patient on one time axis.

    Parameters
    ----------
    frame
        A run's evaluation frame with the signs of :data:`SIGNS` and ``diastolic``.
    news2
        The evaluation frame of a run of ``news2`` over the same stream.
    patient
        Whose chart it is.
    threshold
        Scores at or above it raise alarms.
    onset
        When the patient deteriorated; by default six hours after the first label of 1.
    until
        The last moment that is shown; by default six hours after the onset, or that of the
        patient's last observation if it is earlier.
    hours
        How much is shown.
    rule
        Settings of the alarms beside the threshold.

    Returns
    -------
    matplotlib.figure.Figure
        Bands are as dark as the points that NEWS2 gives; crosses are values that the ground truth
        knows to be artefacts, where there is one.

    Raises
    ------
    ParameterError
        If the frame has no observation of the patient.
    """
    stays = Stays(frame)
    rows = stays.rows.with_columns(pl.Series("alarm", stays.alarms(made(threshold, rule))))
    rows = rows.filter(pl.col("patient") == patient)
    if rows.is_empty():
        raise ParameterError.of(
            f"the patient {patient!r}",
            allowed="one who was observed in this span",
            hint="take a value of the frame's column patient",
        )
    if onset is None and (rows["label"] == 1).any():
        first = rows.filter(pl.col("label") == 1)["event_time"][0]
        onset = first - timedelta(hours=OPTIMAL)
    last_seen = rows["event_time"][-1]
    end = until or (last_seen if onset is None else min(last_seen, onset + _AFTER))
    begin = max(end - timedelta(hours=hours), rows["event_time"][0])
    span = pl.col("event_time").is_between(begin, end)
    rows, points = rows.filter(span), news2.filter((pl.col("patient") == patient) & span)
    with figure_style():
        figure = Chart(10, 8.2, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.03))
        ratios = [*[1.0] * len(SIGNS), 1.0, 1.3]
        axes = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
        for panel, sign in zip(axes, SIGNS, strict=False):
            _sign(panel, rows, sign)
        _news2(axes[-2], points)
        _score(axes[-1], rows, threshold)
        for panel in axes:
            if onset is not None:
                panel.axvline(onset, color=VERMILION, lw=1.6)
            for time in rows.filter("alarm")["event_time"]:
                panel.axvline(time, color=PURPLE, lw=0.9, ls=(0, (2, 2)))
        axes[-1].set_xlabel(f"Time (UTC), until {end:%d %B %Y}")
        axes[-1].set_xlim(begin, end + timedelta(minutes=30))
        axes[-1].xaxis.set_major_formatter(DateFormatter("%d %b %H:%M"))  # type: ignore[no-untyped-call]  # annotated in parts only
        title(axes[0], _finding(rows, points, onset), 110)
    return figure


def _sign(axes: Axes, rows: pl.DataFrame, sign: Sign) -> None:
    scale = quantity(sign.name).scale
    part = _band(sign.name, rows)
    edges = [sign.low, *(edge / scale for edge in part.edges), sign.high]
    for (low, high), points in zip(pairwise(edges), part.points, strict=True):
        axes.axhspan(low, max(low, high), color=OCHRE, lw=0, alpha=_SHADES[points])
    known = rows.drop_nulls(sign.name)
    time, value = known["event_time"].to_numpy(), (known[sign.name] / scale).to_numpy()
    value = np.clip(value, sign.low, sign.high)
    wrong = _wrong(known)
    if sign.name == "systolic":
        low = np.clip((known["diastolic"] / scale).to_numpy(), sign.low, sign.high)
        axes.vlines(time[~wrong], low[~wrong], value[~wrong], color=BLUE, lw=1.6)
        axes.plot(time[~wrong], value[~wrong], "_", color=BLUE, ms=4)
    else:
        axes.plot(time[~wrong], value[~wrong], ".-", color=BLUE, ms=2.5, lw=0.9)
    axes.plot(time[wrong], value[wrong], "x", color=TEXT, ms=4, alpha=0.8)
    axes.set(ylim=(sign.low, sign.high), ylabel=sign.label)


def _band(sign: str, rows: pl.DataFrame) -> Points:
    """Return what NEWS2 gives for a sign; for saturation on the scale that was prescribed."""
    part = next(p for p in news2_parts(last) if p.name == f"news2_{sign}")
    second = "spo2_scale" in rows.columns and (rows["spo2_scale"] == 2).any()
    while isinstance(part, Where):
        part, second = (part.then if second else part.otherwise), False  # type: ignore[assignment]  # features all
    if not isinstance(part, Points):
        raise TypeError(f"{part} is no band of a chart")
    return part


def _news2(axes: Axes, points: pl.DataFrame) -> None:
    axes.axhspan(URGENT, EMERGENCY, color=OCHRE, lw=0, alpha=_SHADES[1])
    axes.axhspan(EMERGENCY, MOST, color=OCHRE, lw=0, alpha=_SHADES[3])
    time, value = points["event_time"].to_numpy(), (points["score"] * MOST).to_numpy()
    axes.step(time, value, where="post", color=GREEN, lw=1.2)
    axes.set(ylim=(0, max(12, float(value.max(initial=0)) + 1)), ylabel="NEWS2\npoints")


def _score(axes: Axes, rows: pl.DataFrame, threshold: float) -> None:
    time, value = rows["event_time"].to_numpy(), rows["score"].to_numpy()
    axes.step(time, value, where="post", color=BLUE, lw=1.2, label="score")
    axes.axhline(threshold, color=TEXT, lw=1, ls=(0, (4, 2)), label="threshold")
    raised_at = rows.filter("alarm")
    axes.plot(raised_at["event_time"].to_numpy(), raised_at["score"].to_numpy(), "v",
              color=PURPLE, ms=7, label="alarm", zorder=3)  # fmt: skip
    axes.plot([], [], color=VERMILION, lw=1.6, label="deterioration")
    axes.plot([], [], "x", color=TEXT, ms=4, label="artefact (ground truth)")
    axes.set(ylabel="Score")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.32), ncols=5)


def _wrong(rows: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if "pattern" not in rows.columns:
        return np.zeros(len(rows), np.bool_)
    names = [artefact.name for artefact in ARTEFACTS]
    return rows["pattern"].is_in(names).fill_null(value=False).to_numpy()


def _finding(rows: pl.DataFrame, points: pl.DataFrame, onset: datetime | None) -> str:
    """Say how long before the onset the alarm came, and when NEWS2 asked for a review."""
    alarms = rows.filter("alarm")["event_time"]
    if onset is None:
        return f"{len(alarms)} alarm(s) in a stay without deterioration"
    urgent = points.filter(pl.col("score") * MOST >= URGENT - 1e-9)["event_time"]
    alarm, asked = (_early(times, onset) for times in (alarms, urgent))
    first = (
        "No alarm comes in the 12 hours before deterioration"
        if alarm is None
        else f"The alarm comes {alarm:.1f} hours before deterioration"
    )
    second = (
        f"NEWS2 stays below {URGENT} points"
        if asked is None
        else f"{URGENT} points of NEWS2 {asked:.1f} hours before"
    )
    return f"{first}, {second}"


def _early(times: pl.Series, onset: datetime) -> float | None:
    """Return how many hours before the onset the first of the last 12 hours comes."""
    early = times.filter(times.is_between(onset + timedelta(hours=EARLY), onset))
    return (onset - early[0]) / timedelta(hours=1) if len(early) else None
