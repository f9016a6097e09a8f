"""Which trial is which: places in a study, across kills, resumes and several machines.

Optuna numbers trials as they are asked for. A trial whose process was killed keeps its number
and leaves its *place* free: the place, from 0 to N - 1, decides the parameters of the first
trials and the seed of all, and a study is done when each place has been filled.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from optuna.trial import TrialState

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

    Segments = list[tuple[int, list[int], int]]

ABANDONED: Final = "abandoned"
MEMBER: Final = "member"
SEGMENTS: Final = "segments"


class Ledger:
    """The places of a study's trials.

    Parameters
    ----------
    study, storage
        The study and what it lies in.
    member
        Name of this study folder: several may share one storage.
    """

    def __init__(self, study: optuna.Study, storage: BaseStorage, member: str) -> None:
        self._study = study
        self._storage = storage
        self.member = member

    def place(self, number: int) -> int:
        """Return the place of a trial by its number."""
        return place_of(number, self._segments())

    def trials(self) -> dict[int, FrozenTrial]:
        """Return the trials that hold a place, in the order of their places."""
        segments = self._segments()
        held = {
            place_of(trial.number, segments): trial
            for trial in self._study.get_trials(deepcopy=False)
            if not trial.user_attrs.get(ABANDONED)
        }
        return dict(sorted(held.items()))

    def abandon(self, number: int) -> None:
        """Give a trial's place back."""
        study_id = self._storage.get_study_id_from_name(self._study.study_name)
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(study_id, number)
        self._storage.set_trial_user_attr(trial_id, ABANDONED, True)
        self._study.tell(number, state=TrialState.FAIL)

    def recover(self, *, alone: bool) -> None:
        """Give back the places of trials whose process is gone, and have them filled again.

        Parameters
        ----------
        alone
            Whether no other machine can be at work in the storage: then every trial that runs
            is one that was killed, else only those of this member.
        """
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if alone or trial.user_attrs.get(MEMBER) == self.member:
                self.abandon(trial.number)
        held = self.trials()
        following = max(held, default=-1) + 1
        free = [place for place in range(following) if place not in held]
        segments = self._segments()
        number = len(self._study.get_trials(deepcopy=False))
        if place_of(number, segments) != min([*free, following]):
            self._study.set_user_attr(SEGMENTS, [*segments, (number, free, following)])

    def settle(self, patience: float = 60.0) -> None:
        """Wait for trials that run on other machines; not longer than that, in seconds.

        A machine that was switched off in the middle of a trial would never end it.
        """
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if all(trial.state.is_finished() for trial in self.trials().values()):
                return
            time.sleep(0.5)

    def _segments(self) -> Segments:
        segments: Any = self._study.user_attrs.get(SEGMENTS, [(0, [], 0)])
        return [(int(start), list(free), int(following)) for start, free, following in segments]


def place_of(number: int, segments: Segments) -> int:
    """Return a trial's place.

    A segment is the number of its first trial, the places that those from it on fill again,
    and the place that comes after these.

    Examples
    --------
    Trials 3 and 4 were killed; the study went on with number 6:

    >>> segments = [(0, [], 0), (6, [3, 4], 6)]
    >>> [place_of(number, segments) for number in (2, 5, 6, 7, 8)]
    [2, 5, 3, 4, 6]
    """
    start, free, following = next(s for s in reversed(segments) if s[0] <= number)
    passed = number - start
    return free[passed] if passed < len(free) else following + passed - len(free)
