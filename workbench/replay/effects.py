"""What drives a detector's scores: the contribution of each of its terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from workbench.detectors import codec
from workbench.detectors.protocol import Explains
from workbench.replay.run import STATE
from workbench.replay.table import feature_table, labelled
from workbench.streams.schema import EVENT_ID

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.detectors.protocol import Detector, Matrix, Vector
    from workbench.replay.run import Run

#: Contributions that take no more values than this are drawn as they are, others by quantiles.
_STEPS: Final = 80
_QUANTILES: Final = 20


@dataclass(frozen=True)
class Effects:
    """Contributions of terms to the scores of events.

    Parameters
    ----------
    table
        One row for each term, the one that separates best first: ``term``, ``gain`` (its mean
        contribution on positives less that on negatives), ``spread`` (standard deviation over
        all events) and ``says`` (the feature's sentence).
    names
        Terms that are features, in the order of the table.
    edges, weights
        Of each of these the edges of bins, shape (m,), and the contribution in each bin, shape
        (m + 1,), or (m + 2,) with that of a missing value last.
    """

    table: pl.DataFrame
    names: list[str]
    edges: list[Vector]
    weights: list[Vector]


def detector_of(run: Run) -> Detector:
    """Return the detector as it was after the run's last event."""
    path = run.setup.scoring()
    path.restore(codec.load(run.path / STATE))
    return path.learner.detector


def effects(run: Run, start: datetime | None = None) -> Effects | None:
    """Explain the detector as it was after the run's last event.

    Parameters
    ----------
    run
        A run.
    start
        Events from this time on are looked at; all of the run's stream if not given.

    Returns
    -------
    Effects or None
        ``None`` if the detector does not explain its scores.
    """
    detector = detector_of(run)
    if not isinstance(detector, Explains):
        return None
    features = run.setup.features
    delay = run.document["label_delay_us"]
    table = feature_table(
        run.stream, features, label_delay=delay, deliver=run.setup.pace.deliver, start=start
    )
    X = table.select(feature.name for feature in features).to_numpy()
    label = table.select(EVENT_ID).join(
        labelled(run.stream, delay).select(EVENT_ID, "label"), on=EVENT_ID, maintain_order="left"
    )["label"]
    terms, contributions = detector.explain(np.ascontiguousarray(X))
    positive, negative = ((label == value).fill_null(value=False).to_numpy() for value in (1, 0))
    says = {feature.name: feature.doc for feature in features}
    found = pl.DataFrame(
        {
            "term": terms,
            "gain": _mean(contributions[positive]) - _mean(contributions[negative]),
            "spread": contributions.std(axis=0),
            "says": [says.get(term, "These together") for term in terms],
        }
    ).sort("gain", descending=True, nulls_last=True)
    names = [term for term in found["term"] if term in says]
    columns = [feature.name for feature in features]
    steps = [_steps(X[:, columns.index(n)], contributions[:, terms.index(n)]) for n in names]
    return Effects(found, names, [s[0] for s in steps], [s[1] for s in steps])


def _mean(contributions: Matrix) -> Vector:
    """Return the mean of each column; NaN where there are no rows."""
    if not len(contributions):
        return np.full(contributions.shape[1], np.nan)
    mean: Vector = contributions.mean(axis=0)
    return mean


def _steps(x: Vector, contribution: Vector) -> tuple[Vector, Vector]:
    """Return bins of ``x`` and the contribution in each, that of missing values last."""
    missing = np.isnan(x)
    last = contribution[missing][:1]
    order = np.argsort(x[~missing], kind="stable")
    x, contribution = x[~missing][order], contribution[~missing][order]
    if not len(x):
        return np.empty(0), np.concatenate([np.zeros(1), last])
    turns = np.flatnonzero(np.diff(contribution) != 0)
    if len(turns) > _STEPS:
        # A line, not steps: it is shown by its mean between quantiles.
        levels = np.quantile(x, np.linspace(0, 1, _QUANTILES + 1)[1:-1])
        edges = np.unique(levels)
        bins = np.searchsorted(edges, x)
        counts = np.bincount(bins, minlength=len(edges) + 1)
        sums = np.bincount(bins, contribution, len(edges) + 1)
        return edges, np.concatenate([sums / np.maximum(counts, 1), last])
    return x[turns], np.concatenate([contribution[[*turns, len(x) - 1]], last])
