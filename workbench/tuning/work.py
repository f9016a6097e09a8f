"""Doing a study's trials, one after the other, in one process of any number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import optuna
from optuna.trial import TrialState

from workbench.case import get_case
from workbench.errors import WorkbenchError
from workbench.tuning.caches import Cache, name_of, open_cache
from workbench.tuning.ledger import MEMBER, Ledger
from workbench.tuning.sampling import Sampler, pruner
from workbench.tuning.spaces import DETECTOR, as_chosen, suggest
from workbench.tuning.trial import CHECKPOINTS, judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

    from workbench.streams.encryption import Cipher
    from workbench.tuning.plan import Plan

CACHE: Final = "cache"
PARAMETERS: Final = "parameters"
MESSAGE: Final = "message"


class Work:
    """A process's part in a study.

    Parameters
    ----------
    plan
        What the study does.
    folder
        The study's folder, with the caches.
    storage
        Where trials are kept.
    member
        Name of the study's folder among those that share the storage.
    cipher
        That of the stream; of encrypted caches that of the environment's key if not given.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        storage: BaseStorage,
        member: str,
        cipher: Cipher | None = None,
    ) -> None:
        self.plan = plan
        self._folder = folder
        self._cipher = cipher
        self._objective = get_case(plan.case).load("objective")
        self._caches: dict[str, Cache] = {}
        self._defaults = {name: self._default_values(name) for name in plan.detectors}
        first = [as_chosen(n, plan.spaces[n], v) for n, v in self._defaults.items()]
        self.study = optuna.create_study(
            storage=storage,
            study_name=plan.digest,
            direction="maximize",
            load_if_exists=True,
            sampler=Sampler(first, plan.seed, lambda number: self.ledger.place(number)),
            pruner=pruner(),
        )
        self.ledger = Ledger(self.study, storage, member)

    def until(self, trials: int, finished: Callable[[], None]) -> None:
        """Do trials until the study has this many, others' included.

        Parameters
        ----------
        trials
            The number of trials of the whole study.
        finished
            Called after each trial.
        """
        while len(self.ledger.trials()) < trials:
            trial = self.study.ask()
            place = self.ledger.place(trial.number)
            if place >= trials:  # another process was faster
                self.ledger.abandon(trial.number)
                return
            trial.set_user_attr(MEMBER, self.ledger.member)
            self._do(trial, place)
            finished()

    def best(self) -> tuple[int, FrozenTrial] | None:
        """Return place and record of the best trial that came to its end."""
        whole = [
            (place, trial)
            for place, trial in self.ledger.trials().items()
            if trial.state == TrialState.COMPLETE
        ]
        return max(whole, key=lambda pair: (pair[1].value, -pair[0]), default=None)

    def chosen(self, place: int, trial: FrozenTrial) -> tuple[str, dict[str, Any]]:
        """Return a trial's detector, and its parameters where they are not the defaults."""
        values = {} if place < len(self.plan.detectors) else trial.user_attrs[PARAMETERS]
        return trial.params[DETECTOR], values

    def _do(self, trial: optuna.Trial, place: int) -> None:
        detector, values = suggest(trial, self.plan.spaces)
        default = place < len(self.plan.detectors)
        # What is recorded is what was run: defaults may lie outside the space.
        trial.set_user_attr(PARAMETERS, self._defaults[detector] if default else values)
        try:
            result = self._judge(trial, detector, {} if default else values)
        except WorkbenchError as error:
            trial.set_user_attr(MESSAGE, str(error))
            self.study.tell(trial, state=TrialState.FAIL)
        else:
            if result is None:
                self.study.tell(trial, state=TrialState.PRUNED)
            else:
                self.study.tell(trial, result)

    def _judge(
        self, trial: optuna.Trial, detector: str, parameters: dict[str, Any]
    ) -> float | None:
        """Return a trial's result, or nothing if it was stopped before its end."""
        setup = self.plan.setup(detector, parameters)
        result = math.nan
        name = name_of(setup)
        if name not in self._caches:
            folder = self._folder / CACHE / name
            self._caches[name] = open_cache(folder, setup.case, self._cipher)
        judged = judge(setup, self._caches[name], self.plan.start, self._objective)
        for step, result in enumerate(judged, start=1):
            if step == CHECKPOINTS or math.isnan(result):  # no positives yet
                continue
            trial.report(result, step)
            if trial.should_prune():
                return None
        if math.isnan(result):
            raise WorkbenchError(
                f"{self.plan.objective} is not defined for {detector} with {parameters}."
            )
        return result

    def _default_values(self, detector: str) -> dict[str, Any]:
        setup = self.plan.setup(detector)
        known = {**setup.parameters, "negatives": setup.pace.negatives}
        return {name: known[name] for name in self.plan.spaces[detector]}
