"""Tuning: many trials on a first span, one choice, and its confirmation on a later span."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.atomic import partial_of, replaceable
from workbench.case import get_case
from workbench.errors import ParameterError, StreamError, WorkbenchError
from workbench.progress import progress
from workbench.project import output
from workbench.replay import machine
from workbench.replay.answers import SCORE
from workbench.tuning.caches import build, name_of, open_cache
from workbench.tuning.confirm import RUNS, confirm
from workbench.tuning.crew import run_workers
from workbench.tuning.folder import member_of, unfinished
from workbench.tuning.plan import Plan
from workbench.tuning.results import importance_table, trials_table
from workbench.tuning.storage import open_storage, quiet
from workbench.tuning.study import DOCUMENT, Study, write_study
from workbench.tuning.work import CACHE, PARAMETERS, Work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workbench.streams.recorded import Stream


def tune(
    stream: Stream,
    detectors: Sequence[str] | None = None,
    *,
    trials: int = 40,
    jobs: int = 1,
    label_delay: str | int | None = None,
    deliver: str | int = "1h",
    seed: int = 0,
    storage: str | None = None,
    out: Path | None = None,
    resume: bool = False,
    keep_cache: bool = False,
) -> Study:
    """Search for a detector and its parameters, and confirm the choice.

    Trials are replays of the stream's first 70 %: no event after it can reach them. The first
    ones take each detector's defaults. The best trial that came to its end is chosen, and
    replayed over the whole stream beside the shipped default; the two are compared on the last
    30 %. With one job the same arguments make the same choice, also after a kill and a resume.

    Parameters
    ----------
    stream
        The recorded stream.
    detectors
        Names of the detectors that compete; all of the case that have a search space if not
        given.
    trials
        Number of trials of the whole study, failed and pruned ones included.
    jobs
        Processes that do trials.
    label_delay
        Delay of labels that carry no ``known_at``; the case's own if not given.
    deliver
        Interval between deliveries of labels.
    seed
        Of the sampler, the detectors, and the choice of the genuine events that are learned.
    storage
        URL of a database that keeps the trials in place of a file. Studies of the same stream
        and settings share their trials there: start one on each machine.
    out
        The study's folder; ``studies/STREAM-DIGEST`` in the project if not given. A study there
        is replaced when this one is finished.
    resume
        Go on with a study that was stopped, or add trials to a finished one.
    keep_cache
        Leave the computed features in the folder; encrypted where the stream is.

    Returns
    -------
    Study
        The finished study.

    Raises
    ------
    ParameterError
        If a detector is unknown or has nothing to tune, a number is below 1, the storage cannot
        be reached, ``resume`` meets another study, or ``out`` holds something else.
    StreamError
        If the stream is damaged, or too short to tune on it.
    WorkbenchError
        If no trial came to its end, or a worker process was killed.
    """
    for name, number in (("--trials", trials), ("--jobs", jobs)):
        if number < 1:
            raise ParameterError.of(
                f"{name} {number}", allowed="a whole number from 1", hint="leave it out"
            )
    watch = machine.Stopwatch()
    plan = Plan.of(stream, detectors, label_delay=label_delay, deliver=deliver, seed=seed)
    if out is None:
        out = output(f"studies/{stream.path.resolve().name}-{plan.digest}")
    replaceable(out, DOCUMENT, "a study")
    if resume and (out / DOCUMENT).exists() and not partial_of(out).exists():
        study = Study.open(out, stream)
        if study.plan == plan and len(study.trials) >= trials:
            return study
    with unfinished(out, plan, resume=resume) as folder, quiet():
        kept = open_storage(folder, storage)
        work = Work(plan, folder, kept, member_of(folder), stream.cipher)
        _compute_features(stream, plan, folder)
        _search(work, folder, trials, jobs, storage)
        document = _choose(stream, work, folder, trials)
        document["seconds"] = round(watch.seconds, 3)
        write_study(folder, document, trials_table(work.ledger.trials()))
        if not keep_cache:
            shutil.rmtree(folder / CACHE)
    return Study.open(out, stream)


def _compute_features(stream: Stream, plan: Plan, folder: Path) -> None:
    """Build one cache for each set of features, but for those that a stopped study left."""
    for detector in plan.detectors:
        setup = plan.setup(detector)
        place = folder / CACHE / name_of(setup)
        if not place.exists():
            build(stream, setup, plan.label_delay, plan.moment("split"), place)
    cache = open_cache(place, plan.case, stream.cipher)
    if get_case(plan.case).answer != SCORE.name:
        return
    first = int(np.searchsorted(cache.time, plan.start))
    judged = cache.judged.filter(pl.col("row") >= first)
    if judged["label"].n_unique() < 2:
        raise StreamError.of(
            f"{stream.path}: {judged.height:,} events to tune on from "
            f"{plan.moment('start'):%Y-%m-%d} until {plan.moment('split'):%Y-%m-%d}, without "
            "positives or without negatives",
            allowed="a stream with both there, labelled after their events",
            hint="tune on a longer stream, or correct the label delay",
        )


def _search(work: Work, folder: Path, trials: int, jobs: int, storage: str | None) -> None:
    """Do the trials that are missing."""
    work.ledger.recover(alone=storage is None)
    done = len(work.ledger.trials())
    with progress("tune", trials, "trials") as step:
        step(min(done, trials))

        def finished() -> None:
            best = work.best()
            step(1, f"best {best[1].value:.3f}" if best else "")

        if jobs == 1:
            work.until(trials, finished)
        elif done < trials:
            run_workers(
                folder,
                min(jobs, trials - done),
                trials,
                storage=storage,
                member=work.ledger.member,
                finished=finished,
            )
    if storage is not None:
        work.ledger.settle()


def _choose(stream: Stream, work: Work, folder: Path, trials: int) -> dict[str, Any]:
    """Choose the best trial, confirm it, and return what the study says of itself."""
    plan = work.plan
    best = work.best()
    if best is None:
        messages = trials_table(work.ledger.trials())["message"].drop_nulls()
        raise WorkbenchError(
            f"None of {trials} trials came to its end. "
            + (f"The first one said: {messages[0]}" if len(messages) else "Give more --trials.")
        )
    number, trial = best
    detector, values = work.chosen(number, trial)
    setup = plan.setup(detector, values)
    return {
        "format": 1,
        "plan": plan.to_data(),
        "objective": plan.objective,
        "stream": {"path": str(stream.path), "hash": stream.hash, "events": stream.n_events},
        "spans": {
            "tuning": [plan.moment("start"), plan.moment("split")],
            "confirmation": [plan.moment("split"), plan.moment("end")],
        },
        "winner": {
            "number": number,
            "detector": detector,
            "parameters": trial.user_attrs[PARAMETERS],
            "objective": trial.value,
            "setup": setup.to_data(),
        },
        "baseline": {"setup": plan.setup().to_data()},
        "same": setup == plan.setup(),
        "importance": importance_table(work.ledger.trials(), detector).to_dicts(),
        "confirmation": confirm(stream, plan, setup, folder / RUNS).to_dict(),
        "versions": machine.versions(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
