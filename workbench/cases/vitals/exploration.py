"""Looking at vital signs before any detector: what is measured when, and what changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from workbench.cases.vitals.quantities import VITAL_SIGNS, quantity
from workbench.cases.vitals.stays import NONE
from workbench.cases.vitals.utility import from_onset
from workbench.replay import metrics
from workbench.replay.panels import changes, list_changes, mark_changes, readable, span
from workbench.replay.table import by_feature
from workbench.streams.frames import instants
from workbench.style import (
    BLUE,
    GREEN,
    PALETTE,
    TEXT,
    VERMILION,
    Chart,
    blank,
    figure_style,
    title,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workbench.detectors.protocol import Vector
    from workbench.features.vocabulary import Feature
    from workbench.replay.estimates import Floats

BEFORE, AFTER = -24, 6
"""Hours from the onset that are looked at."""
SIGNS: Final = ("respiration", "spo2", "systolic", "heart_rate", "temperature")
SHORT: Final = {
    "respiration": "breath (/min)",
    "spo2": "SpO₂ (%)",
    "systolic": "systolic pressure (mm Hg)",
    "heart_rate": "heart rate (/min)",
    "temperature": "temperature (°C)",
}


def plot_days(
    rows: pl.DataFrame,
    episodes: pl.DataFrame | None = None,
    truth: Mapping[str, Any] | None = None,
) -> Figure:
    """Plot observations, patients and episodes by day, with known changes marked.

    Parameters
    ----------
    rows
        Labelled events, see :func:`workbench.replay.table.labelled`.
    episodes
        ``pattern`` and ``onset`` of each episode, where the stream has ground truth.
    truth
        The stream's ground truth, where it has one.
    """
    day = pl.col("event_time").dt.date().alias("day")
    days = rows.group_by(day).agg(pl.len(), pl.col("patient").n_unique()).sort("day")
    number = days["day"].to_numpy()
    with figure_style():
        figure = Chart(11, 7)
        top, bottom = figure.subplots(2, 1, sharex=True)
        top.bar(number, days["len"].to_numpy() / 1000, color=BLUE, alpha=0.65)
        top.set(ylabel="Observations, thousand")
        beside = top.twinx()
        beside.plot(number, days["patient"].to_numpy(), color=GREEN, lw=1.6)
        beside.set(ylabel="Patients", ylim=(0, None))
        beside.grid(visible=False)
        beside.yaxis.label.set_color(GREEN)
        _stacks(bottom, episodes, number)
        bottom.set_xlabel(span(number), loc="left")
        shown = changes(truth, days["day"][0], days["day"][-1])
        for axes in (top, bottom):
            mark_changes(axes, shown)
        list_changes(bottom, shown)
        patients, sent = (round(float(np.median(days[n].to_numpy()))) for n in ("patient", "len"))
        title(top, f"About {patients:,} patients a day send {sent:,} observations", 110)
        title(bottom, _leading(episodes), 110)
    return figure


def plot_onsets(rows: pl.DataFrame) -> Figure:
    """Plot how signs move towards the onset, and how often staff measure meanwhile.

    Parameters
    ----------
    rows
        Labelled events with ``patient`` and the vital signs.

    Returns
    -------
    matplotlib.figure.Figure
        Medians by hour from the onset, with the middle half of the patients.
    """
    ill = _around_onset(rows)
    with figure_style():
        figure = Chart(11, 6)
        panels = figure.subplots(2, 3).ravel()
        moved = {name: _sign(axes, ill, name) for axes, name in zip(panels, SIGNS, strict=False)}
        text = _attention(panels[5], ill)
        title(panels[5], text, 32)
        known = {name: by for name, by in moved.items() if by == by}
        if known:
            name = max(known, key=lambda n: abs(known[n]))
            figure.suptitle(
                f"{quantity(name).title} moves most before the onset: by {abs(known[name]):.1f} "
                "times what is usual between patients",
                x=0.01, ha="left", fontsize=10, fontweight="bold",
            )  # fmt: skip
    return figure


def measured(rows: pl.DataFrame) -> pl.DataFrame:
    """Return how often each vital sign is measured, and its middle values.

    Returns
    -------
    polars.DataFrame
        ``sign``, ``unit``, ``share`` (of the observations that have it), ``a_day`` (values a
        patient-day), and its 10 %, 50 % and 90 % quantiles.
    """
    span = (pl.col("event_time").max() - pl.col("event_time").min()).dt.total_seconds()
    stays = rows.group_by("patient").agg(span.alias("seconds"))
    days = stays["seconds"].sum() / 86_400
    found = []
    for q in VITAL_SIGNS:
        values = rows[q.name].drop_nulls() / q.scale
        if len(values):
            middle = [values.quantile(level) for level in (0.1, 0.5, 0.9)]
            a_day = len(values) / days if days else None
            found.append((q.title, q.unit, len(values) / len(rows), a_day, *middle))
    schema = ["sign", "unit", "share", "a_day", "low", "median", "high"]
    return pl.DataFrame(found, schema=schema, orient="row")


def separation(
    table: pl.DataFrame, rows: pl.DataFrame, features: Sequence[Feature]
) -> pl.DataFrame:
    """Return how well each feature alone tells the hours before deterioration apart.

    Parameters
    ----------
    table
        Features by ``event_id``, see :func:`workbench.replay.table.feature_table`.
    rows
        Labelled events.
    features
        The declared features.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``missing`` (share), ``auroc`` (0.5 says nothing; below, low values are a bad
        sign; of observations that have the feature) and ``says``; the furthest from 0.5 first.
    """
    labelled = rows.filter(pl.col("label").is_not_null()).select("event_id", "label")
    data = labelled.join(table, on="event_id", how="inner", maintain_order="left")
    label = data["label"].to_numpy()

    def area(x: Vector) -> dict[str, float]:
        known = ~np.isnan(x)
        return {"auroc": metrics.roc_auc(label[known], x[known])}

    return by_feature(data, features, area).drop_nans("auroc")


def _stacks(axes: Axes, episodes: pl.DataFrame | None, number: Floats) -> None:
    if episodes is None or episodes.is_empty():
        blank(axes, "This stream names no episodes")
        return
    day = pl.col("onset").dt.date().alias("day")
    counts = episodes.group_by(day, "pattern").len()
    bottom = np.zeros(len(number))
    for kind, color in zip(_kinds(episodes), PALETTE * 9, strict=False):
        own = dict(counts.filter(pl.col("pattern") == kind).select("day", "len").iter_rows())
        height = np.array([own.get(d.item(), 0) for d in number], np.float64)
        axes.bar(number, height, bottom=bottom, color=color, alpha=0.75, label=readable(kind))
        bottom += height
    axes.set(ylabel="Onsets a day")
    axes.legend(loc="upper right", bbox_to_anchor=(1, -0.09), ncols=4, borderaxespad=0)


def _kinds(episodes: pl.DataFrame) -> list[str]:
    counts = episodes["pattern"].value_counts(name="n")
    return counts.sort(["n", "pattern"], descending=[True, False])["pattern"].to_list()


def _leading(episodes: pl.DataFrame | None) -> str:
    if episodes is None or episodes.is_empty():
        return "Episodes are known only by their labels"
    kinds = _kinds(episodes)
    first = int((episodes["pattern"] == kinds[0]).sum())
    return f"{first} of {len(episodes)} episodes are “{readable(kinds[0])}”, the most frequent kind"


def _around_onset(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the observations near an onset with the hour ``since`` it that they are in."""
    stay, _ = metrics.codes(rows["patient"])
    label = rows["label"].fill_null(NONE).to_numpy().astype(np.int8)
    since = from_onset(stay, instants(rows["event_time"]), np.maximum(label, 0))
    return (
        rows.with_columns(pl.Series("since", since))
        .filter(pl.col("since").is_between(BEFORE, AFTER, closed="left"))
        .with_columns(pl.col("since").floor().cast(pl.Int64))
    )


def _sign(axes: Axes, ill: pl.DataFrame, name: str) -> float:
    """Draw a sign by hour from the onset; return how far it moves, by its usual spread."""
    scale = quantity(name).scale
    by_patient = ill.drop_nulls(name).group_by("since", "patient").agg(pl.col(name).mean() / scale)
    hours = (
        by_patient.group_by("since")
        .agg(
            pl.col(name).median().alias("middle"),
            pl.col(name).quantile(0.25).alias("low"),
            pl.col(name).quantile(0.75).alias("high"),
            pl.len(),
        )
        .filter(pl.col("len") >= 5)
        .sort("since")
    )
    axes.set(xlabel="Hours from the onset", ylabel=SHORT[name], xlim=(BEFORE, AFTER))
    axes.axvline(0, color=VERMILION, lw=1, ls=(0, (4, 2)))
    if len(hours) < 2:
        blank(axes, "Measured of too few patients")
        return float("nan")
    axes.fill_between(hours["since"], hours["low"], hours["high"], color=BLUE, alpha=0.2, lw=0)
    axes.plot(hours["since"], hours["middle"], color=BLUE)
    spread = float(np.median(hours["high"] - hours["low"])) or 1.0
    return float((hours["middle"][-1] - hours["middle"][0]) / spread)


def _attention(axes: Axes, ill: pl.DataFrame) -> str:
    """Draw how many observations an hour there are of a patient."""
    hours = ill.group_by("since", "patient").len().group_by("since").agg(
        pl.col("len").mean(), pl.len().alias("patients")
    ).filter(pl.col("patients") >= 5).sort("since")  # fmt: skip
    axes.set(xlabel="Hours from the onset", ylabel="observations an hour", xlim=(BEFORE, AFTER))
    axes.axvline(0, color=VERMILION, lw=1, ls=(0, (4, 2)))
    if len(hours) < 2:
        blank(axes, "Too few patients")
        return "Too few patients"
    axes.plot(hours["since"], hours["len"], color=TEXT)
    axes.set_ylim(0, None)
    first, last = (hours.filter(pl.col("since") == at)["len"] for at in (BEFORE, -1))
    if first.is_empty() or last.is_empty():
        return "How often staff measure"
    return f"{first[0]:.1f} observations an hour a day before, {last[0]:.1f} in the hour before"
