"""A finished study: what was tried, what was chosen, and whether it holds."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import orjson
import polars as pl

from workbench import project
from workbench.atomic import atomic_file
from workbench.project import shown
from workbench.replay.run import Run
from workbench.replay.setup import Setup
from workbench.tuning.confirm import BASELINE, BEST, RUNS, Confirmation
from workbench.tuning.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from workbench.replay.estimates import Estimate
    from workbench.replay.evaluation import Comparison
    from workbench.streams.recorded import Stream

DOCUMENT = "study.json"
TRIALS = "trials.parquet"


def write_study(folder: Path, document: dict[str, Any], trials: pl.DataFrame) -> None:
    """Write a study's ``trials.parquet`` and, after it, ``study.json``."""
    states = trials["state"].value_counts(name="n").rows()
    document["counts"] = {"trials": trials.height, **dict(sorted(states))}
    with atomic_file(folder / TRIALS) as temporary:
        trials.write_parquet(temporary)
    with atomic_file(folder / DOCUMENT) as temporary:
        temporary.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))


class Study:
    """Trials on a first span, one choice, and its confirmation on a later span.

    Made by :func:`workbench.tune` or :meth:`open`.

    Attributes
    ----------
    path
        The study's folder.
    document
        The content of ``study.json``.
    plan
        What competed, and on which spans.
    """

    def __init__(self, path: Path, document: dict[str, Any], stream: Stream | None = None) -> None:
        self.path = path
        self.document = document
        self.plan = Plan.from_data(document["plan"])
        self._stream = stream

    @classmethod
    def open(cls, path: str | Path, stream: Stream | None = None) -> Self:
        """Open a study's folder.

        Raises
        ------
        BadInput
            If the folder holds no finished study.
        """
        folder, document = project.document(path, DOCUMENT, what="study", command="workbench tune")
        return cls(folder, document, stream)

    @cached_property
    def trials(self) -> pl.DataFrame:
        """The trials, see :func:`workbench.tuning.results.trials_table`."""
        return pl.read_parquet(self.path / TRIALS)

    @property
    def importance(self) -> pl.DataFrame:
        """How much each of the winning detector's parameters matters.

        ``parameter`` and ``importance``; empty where too few trials came to their end, see
        :func:`workbench.tuning.results.importance_table`.
        """
        schema = {"parameter": pl.String(), "importance": pl.Float64()}
        return pl.DataFrame(self.document["importance"], schema=schema)

    @property
    def winner(self) -> dict[str, Any]:
        """The chosen trial: its number, detector, parameters and objective."""
        return {k: v for k, v in self.document["winner"].items() if k != "setup"}

    @property
    def setup(self) -> Setup:
        """The chosen setup."""
        return Setup.from_data(self.document["winner"]["setup"])

    @property
    def best(self) -> Run:
        """What to ship, replayed over the whole stream: the choice, or else the shipped default.

        The default where the choice is certainly worse on the later span.
        """
        return self.run(BEST)

    @property
    def baseline(self) -> Run:
        """The shipped default with its defaults, replayed over the whole stream."""
        return self.run(BASELINE)

    def run(self, name: str) -> Run:
        """Return one of the replays: ``best``, ``baseline``, or a rule of the case by name."""
        return Run.open(self.path / RUNS / name, self._stream)

    @cached_property
    def found(self) -> Confirmation:
        """What the later span said, with every opponent."""
        return Confirmation.from_dict(self.document["confirmation"])

    @property
    def confirmation(self) -> Comparison:
        """How much better the choice is than the shipped default on the later span."""
        return self.found.comparisons[BASELINE]

    @property
    def gain(self) -> Estimate:
        """The difference of the objective to the shipped default on the later span."""
        return self.confirmation[self.plan.objective]

    @property
    def verdict(self) -> str:
        """Whether the choice is better than the shipped default, in one sentence."""
        measure = self.confirmation.measures[self.plan.objective]
        what = measure.spoken
        if self.document["same"]:
            return (
                "No trial did better than the shipped default with its defaults: "
                "that is the study's choice."
            )
        later = f"on the {self._days()} that no trial saw"
        interval = f"{what} {format(self.gain, '+' + measure.spec)}"
        zero = (
            "the interval excludes zero" if self.gain.excludes_zero else "the interval holds zero"
        )
        said = {
            "better": "The choice is better than the shipped default",
            "worse": "The choice is worse than the shipped default, which is kept as the best,",
            "not certain": "The choice is not certainly better than the shipped default",
        }[self.confirmation.verdict(self.plan.objective)]
        return f"{said} {later}: {interval}; {zero}."

    def _days(self) -> str:
        days = max(1, round((self.plan.end - self.plan.split) / 86_400_000_000))
        return "last day" if days == 1 else f"last {days} days"

    def plot(self) -> Figure:
        """Plot the objective by trial with the best so far, and what mattered."""
        from workbench.tuning.charts import plot

        return plot(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the study as plain data for JSON."""
        return {
            "study": str(self.path),
            "best": str(self.path / RUNS / BEST),
            "verdict": self.verdict,
            "excludes_zero": self.gain.excludes_zero,
            **self.document,
            "trials": self.trials.to_dicts(),
        }

    def __repr__(self) -> str:
        counts = self.document["counts"]["trials"]
        winner = self.winner
        return (
            f"<Study {shown(self.path)}: {counts} trials, best {winner['detector']} with "
            f"{self.plan.objective} {winner['objective']:.3f}>\n{self.verdict}"
        )

    def _repr_html_(self) -> str:
        from workbench.tuning.display import study_html

        return study_html(self)
