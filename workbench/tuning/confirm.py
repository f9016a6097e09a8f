"""Whether what trials chose holds on a later span that no trial saw."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from workbench.atomic import atomic_folder
from workbench.case import get_case
from workbench.durations import spell
from workbench.replay.answers import SCORE
from workbench.replay.estimates import Estimate
from workbench.replay.evaluation import Comparison, Measure
from workbench.replay.metrics import evaluable
from workbench.replay.replay import replay
from workbench.replay.run import DOCUMENT, Run
from workbench.replay.setup import find_spec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from workbench.replay.setup import Setup
    from workbench.streams.recorded import Stream
    from workbench.tuning.plan import Plan

RUNS = "runs"
BEST = "best"
BASELINE = "baseline"
REJECTED = "rejected"


@dataclass(frozen=True)
class Confirmation:
    """What was found on the later span.

    Parameters
    ----------
    objective
        The objective of each run there: ``best``, ``baseline``, and the case's rules by name.
    comparisons
        How much better ``best`` is than each of the others.
    """

    objective: Mapping[str, float]
    comparisons: Mapping[str, Comparison]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "objective": dict(self.objective),
            "comparisons": {
                name: {
                    **comparison.to_dict(),
                    "measures": {n: asdict(m) for n, m in comparison.measures.items()},
                }
                for name, comparison in self.comparisons.items()
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` wrote."""
        return cls(
            data["objective"],
            {name: _comparison(entry) for name, entry in data["comparisons"].items()},
        )


def _comparison(data: Mapping[str, Any]) -> Comparison:
    differences = {
        name: Estimate(*(_number(entry[part]) for part in ("value", "low", "high")))
        for name, entry in data["differences"].items()
    }
    measures = {name: Measure(**entry) for name, entry in data["measures"].items()}
    return Comparison(differences, measures, n=data["n"], unshared=data["unshared"])


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def opponents(plan: Plan) -> dict[str, Setup]:
    """Return what the winner is compared with: the shipped default, and rules that do not learn."""
    specs = get_case(plan.case).load("detectors").values()
    rules = [find_spec(plan.case, spec.name) for spec in specs if not spec.learns]
    return {BASELINE: plan.setup(), **{rule.name: plan.setup(rule.name) for rule in rules}}


def confirm(stream: Stream, plan: Plan, best: Setup, folder: Path) -> Confirmation:
    """Replay the winner and its opponents over the whole stream and compare the later span.

    A winner that is certainly worse than the shipped default is put aside as ``rejected``; the
    default is the study's best then.

    Parameters
    ----------
    stream
        The recorded stream.
    plan
        With the spans.
    best
        The winner's setup.
    folder
        Where the runs are kept; those that a stopped study left there are taken over.
    """
    split = plan.moment("split")
    case = get_case(plan.case)
    objective, compare = case.load("objective"), case.load("compare")
    runs = {
        name: _run(stream, plan, setup, folder / name)
        for name, setup in {BEST: best, **opponents(plan)}.items()
    }
    if "metrics" not in runs[BEST].document:
        runs[BEST].record()
    frames = {name: run.frame(start=split) for name, run in runs.items()}
    found = Confirmation(
        {name: objective(_judged(frame)) for name, frame in frames.items()},
        {name: compare(frames[BEST], frame) for name, frame in frames.items() if name != BEST},
    )
    if found.comparisons[BASELINE].verdict(plan.objective) == "worse":
        _keep_baseline(folder)
    return found


def _judged(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that the objective may see."""
    return evaluable(frame)[0] if SCORE.name in frame.columns else frame


def _keep_baseline(folder: Path) -> None:
    """Let the shipped default be the study's best: nobody ships what is certainly worse."""
    rejected = folder / REJECTED
    if rejected.exists():
        shutil.rmtree(rejected)
    (folder / BEST).rename(rejected)
    with atomic_folder(folder / BEST) as copy:
        shutil.copytree(folder / BASELINE, copy, dirs_exist_ok=True)
    Run.open(folder / BEST).record()


def _run(stream: Stream, plan: Plan, setup: Setup, out: Path) -> Run:
    if (out / DOCUMENT).exists():
        run = Run.open(out, stream)
        if run.setup.digest == setup.digest:
            return run
    return replay(stream, setup, out, label_delay=spell(plan.label_delay))
