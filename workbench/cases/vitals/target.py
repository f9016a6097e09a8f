"""What a detector of deterioration learns: the hours in which an alarm is worth something."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workbench.cases.vitals.utility import LATE, from_onset, gain
from workbench.detectors.target import Lesson

if TYPE_CHECKING:
    from workbench.detectors.protocol import Matrix, State, Vector
    from workbench.detectors.target import I8, I64, Delivered
    from workbench.replay.pace import Pace

#: Stays whose hours are learned together, in an order by chance.
STAYS = 10
#: Weight of an hour in which an alarm gains 1.
WORTH = 1.5
_ORDER = 1  # of chances: another stream than that which chooses hours


class UtilityTarget:
    """Positive are the hours in which an alarm gains utility, with weights in proportion to it.

    Of the other hours the pace's share is learned with its weight. Hours later than three after
    the onset are not learned: it is known by then. The hours of ten stays are gathered and learned
    in an order by chance, since those of one stay are much alike.

    A stay is what became known of a patient at one moment.

    Parameters
    ----------
    pace
        Share, weight and seed.

    References
    ----------
    :mod:`workbench.cases.vitals.utility`.
    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._stays = 0
        self._kept: _Hours | None = None

    def lesson(self, delivered: Delivered) -> Lesson:
        """Return the hours of whole groups of stays, and keep those of the last few back."""
        stay, first = _stays(delivered)
        new = self._worth_learning(delivered, stay)
        hours = new if self._kept is None else _joined(self._kept, new)
        before = self._stays
        groups, self._stays = divmod(before + len(first), STAYS)
        self._kept = _part(hours, np.flatnonzero(hours.group == groups))
        self._kept = self._kept._replace(group=np.zeros_like(self._kept.group))
        order = np.lexsort((self.pace.chance(hours.sequence, _ORDER), hours.group))
        learned = _part(hours, order[hours.group[order] < groups])
        # A group is whole with the last of its stays.
        whole = delivered.at[first[STAYS * np.arange(1, groups + 1) - 1 - before]]
        return Lesson(learned.rows, learned.labels, learned.weights, whole[learned.group])

    def _worth_learning(self, delivered: Delivered, stay: I64) -> _Hours:
        since = from_onset(stay, delivered.time, delivered.labels)
        gains = gain(since)
        positive = gains > 0
        learned = self.pace.learned(delivered.sequence, positive.astype(np.int8))
        weights = np.where(positive, WORTH * gains, self.pace.weight)
        chosen = np.flatnonzero(learned & ~(since > LATE))
        return _Hours(
            delivered.table[delivered.rows[chosen]],
            positive[chosen].astype(np.int8),
            weights[chosen],
            delivered.sequence[chosen],
            (self._stays + stay[chosen]) // STAYS,
        )

    def state(self) -> State:
        """Return the hours that wait for their group to be whole."""
        kept = (
            None if self._kept is None else {k: x.copy() for k, x in self._kept._asdict().items()}
        )
        return {"stays": self._stays, "kept": kept}

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned."""
        self._stays = int(state["stays"])
        kept = state["kept"]
        self._kept = None if kept is None else _Hours(**{k: x.copy() for k, x in kept.items()})


class _Hours(NamedTuple):
    """Hours to be learned, and the number of each one's group of stays."""

    rows: Matrix
    labels: I8
    weights: Vector
    sequence: I64
    group: I64


def _part(hours: _Hours, index: I64) -> _Hours:
    return _Hours(
        hours.rows[index],
        hours.labels[index],
        hours.weights[index],
        hours.sequence[index],
        hours.group[index],
    )


def _joined(kept: _Hours, new: _Hours) -> _Hours:
    return _Hours(
        np.concatenate([kept.rows, new.rows]),
        np.concatenate([kept.labels, new.labels]),
        np.concatenate([kept.weights, new.weights]),
        np.concatenate([kept.sequence, new.sequence]),
        np.concatenate([kept.group, new.group]),
    )


def _stays(delivered: Delivered) -> tuple[I64, I64]:
    """Return the stay of each label, numbered as they come, and the first label of each stay."""
    alone = -1 - np.arange(len(delivered.entity))
    entity = np.where(delivered.entity < 0, alone, delivered.entity)
    order = np.lexsort((entity, delivered.known))
    known, entity = delivered.known[order], entity[order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (known[1:] != known[:-1]) | (entity[1:] != entity[:-1])
    # The sort is stable: of each stay its first label comes first.
    first = order[begins]
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    stay = np.empty(len(order), np.int64)
    stay[order] = rank[np.cumsum(begins) - 1]
    return stay, np.sort(first)
