"""Tuning: many trials on a first span, one choice, and its confirmation on a later span."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

from workbench.case import get_case
from workbench.errors import ParameterError, WorkbenchError
from workbench.progress import progress
from workbench.replay import machine
from workbench.tuning.cache import FeatureCache, build, name_of
from workbench.tuning.confirm import RUNS, confirm
from workbench.tuning.crew import run_workers
from workbench.tuning.folder import member_of, unfinished
from workbench.tuning.plan import check_span, make_plan
from workbench.tuning.results import importance_table, trials_table
from workbench.tuning.storage import open_storage, quiet
from workbench.tuning.study import DOCUMENT, Study, write
from workbench.tuning.work import CACHE, PARAMETERS, Work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workbench.streams.recorded import Stream
    from workbench.tuning.confirm import Confirmation
    from workbench.tuning.plan import Plan


def tune(
    stream: Stream,
    detectors: Sequence[str] | None = None,
    *,
    out: Path,
    trials: int = 40,
    jobs: int = 1,
    label_delay: str | int | None = None,
    deliver: str | int = "1h",
    seed: int = 0,
    storage: str | None = None,
    resume: bool = False,
    keep_cache: bool = False,
) -> Study:
    """Search for a detector and its parameters, and confirm the choice.

    Trials are replays of the stream's first 70 %: nothing after it can reach them. The first
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
    out
        The study's folder; what was there is replaced when the study is finished.
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
    resume
        Go on with a study that was stopped, or add trials to a finished one.
    keep_cache
        Leave the computed features in the folder.

    Returns
    -------
    Study
        The finished study.

    Raises
    ------
    ParameterError
        If a detector is unknown or has nothing to tune, a number is below 1, the storage cannot
        be reached, or ``resume`` meets another study.
    StreamError
        If the stream is damaged, or too short to tune and confirm on.
    WorkbenchError
        If no trial came to its end, or a worker process was killed.
    """
    for name, number in (("--trials", trials), ("--jobs", jobs)):
        if number < 1:
            raise ParameterError.of(
                f"{name} {number}", allowed="a whole number from 1", hint="leave it out"
            )
    watch = machine.Stopwatch()
    plan = make_plan(stream, detectors, label_delay=label_delay, deliver=deliver, seed=seed)
    if resume and (out / DOCUMENT).exists():
        finished = Study.open(out, stream)
        if finished.document["plan"] == plan.to_data() and len(finished.trials) >= trials:
            return finished
    with unfinished(out, plan, resume=resume) as folder, quiet():
        _compute_features(stream, plan, folder)
        work = _search(plan, folder, trials, jobs, storage)
        best = work.best()
        if best is None:
            raise _none_whole(work, trials)
        number, trial = best
        records = work.ledger.trials()
        table = trials_table(records)
        defaults = number < len(plan.detectors)
        detector = plan.detectors[number] if defaults else trial.params[spaces.DETECTOR]
        setup = plan.setup(detector, {} if defaults else trial.user_attrs[PARAMETERS])
        confirmation = confirm(stream, plan, setup, folder / RUNS)
        ...
    return Study.open(out, stream)
