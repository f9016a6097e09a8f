"""Which features tell fraud from genuine use, one feature at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from matplotlib.colors import LinearSegmentedColormap

from workbench.cases.fraud.exploration import named, patterns
from workbench.replay.panels import readable
from workbench.replay.table import ABOUT, by_feature
from workbench.style import BLUE, TEXT, VERMILION, Chart, figure_style, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from workbench.detectors.protocol import Vector
    from workbench.features.vocabulary import Feature


def separation(
    table: pl.DataFrame, rows: pl.DataFrame, features: Sequence[Feature]
) -> pl.DataFrame:
    """Return how well each feature alone separates fraud from what is genuine.

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
        ``feature``, ``missing`` (share of events), ``fraud`` and a column for each pattern: the
        ROC AUC of the feature against all that is genuine, a missing value being below all
        others; 0.5 says nothing, towards 0 low values are suspicious. ``says`` is the feature's
        sentence. The feature that is furthest from 0.5 comes first.
    """
    rows = named(rows).filter(pl.col("label").is_not_null())
    data = rows.select("event_id", "label", "pattern").join(
        table, on="event_id", how="inner", maintain_order="left"
    )
    genuine = (data["label"] == 0).to_numpy()
    kinds = patterns(rows)
    masks = {
        "fraud": ~genuine,
        **{
            k: (data["pattern"] == k).fill_null(value=False).to_numpy()
            for k in kinds
            if len(kinds) > 1
        },
    }

    def areas(x: Vector) -> dict[str, float]:
        rank = _ranks(np.where(np.isnan(x), -np.inf, x))
        return {kind: _area(rank, mask, genuine) for kind, mask in masks.items()}

    return by_feature(data, features, areas)


def telling(found: pl.DataFrame, each: int = 4) -> pl.DataFrame:
    """Return the rows of a few features for each kind of fraud: those furthest from 0.5."""
    kinds = [c for c in found.columns if c not in ABOUT]
    best = [
        found.drop_nans(kind).sort((pl.col(kind) - 0.5).abs(), descending=True).head(each)
        for kind in kinds[1:] or kinds
    ]
    return pl.concat([found.head(0), *best]).unique("feature", keep="first", maintain_order=True)


def plot_separation(found: pl.DataFrame, each: int = 4) -> Figure:
    """Plot which feature separates which pattern of fraud.

    Parameters
    ----------
    found
        What :func:`separation` returned.
    each
        How many features are shown for each kind of fraud.
    """
    kinds = [c for c in found.columns if c not in ABOUT]
    shown = telling(found, each)
    values = shown.select(kinds).to_numpy()
    with figure_style():
        figure = Chart(9, 1.2 + 0.29 * len(shown))
        axes = figure.add_subplot()
        # Clear at 0.5, so that what says nothing has the page's own colour.
        ends = ((0, BLUE), (0.5, f"{BLUE}00"), (0.5, f"{VERMILION}00"), (1, VERMILION))
        shades = LinearSegmentedColormap.from_list("auc", ends)
        image = axes.imshow(values, cmap=shades, vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(kinds)), [readable(k) for k in kinds])
        axes.set_yticks(range(len(shown)), shown["feature"].to_list())
        axes.grid(visible=False)
        for (row, column), value in np.ndenumerate(values):
            strong = abs(value - 0.5) >= 0.25
            axes.text(
                column, row, f"{value:.2f}", ha="center", va="center", fontsize=8,
                color="white" if strong else TEXT, fontweight="bold" if strong else "normal",
            )  # fmt: skip
        bar = figure.colorbar(image, ax=axes, shrink=0.6)
        bar.set_label("ROC AUC of the feature alone")
        best = max(
            ((abs(row[k] - 0.5), k, row["feature"]) for row in found.to_dicts() for k in kinds[1:]),
            default=None,
        )
        if best is not None:
            title(axes, f"“{best[2]}” alone tells “{readable(best[1])}” apart best: "
                  f"ROC AUC {0.5 + best[0]:.3f}", 90)  # fmt: skip
    return figure


def _ranks(x: Any) -> Any:
    """Return ranks from 1, equal values sharing the middle one, shape (n,)."""
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[place]


def _area(rank: Any, positive: Any, negative: Any) -> float:
    """Return the ROC AUC of ranks (Mann and Whitney, 1947); NaN without both classes."""
    both = positive | negative
    inner = _ranks(rank[both])
    n, m = int(positive.sum()), int(negative.sum())
    if not n or not m:
        return float("nan")
    return float((inner[positive[both]].sum() - n * (n + 1) / 2) / (n * m))
