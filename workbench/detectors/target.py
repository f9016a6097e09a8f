"""What of the labels that are delivered is learned: which, in which order, and with what weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workbench.detectors.protocol import Matrix, State, Vector

    I64 = npt.NDArray[np.int64]
    I8 = npt.NDArray[np.int8]


class Delivered(NamedTuple):
    """Labels in the order of their delivery, and what is known of their events.

    Those that became known at one moment are never apart.

    Parameters
    ----------
    table
        Feature rows, shape (k, f).
    rows
        The row of each label's event in ``table``, shape (m,).
    labels
        0 or 1, shape (m,).
    time, known
        When the event was, and when its label became known, in µs, shape (m,).
    entity
        The event's entity that streams are routed by: a number that is another for others at the
        same time, and -1 where there is none, shape (m,).
    sequence
        The event's place in the order of all, shape (m,).
    at
        Index of the first event of the batch that is scored after the delivery, shape (m,), not
        decreasing.
    """

    table: Matrix
    rows: I64
    labels: I8
    time: I64
    known: I64
    entity: I64
    sequence: I64
    at: I64


class Lesson(NamedTuple):
    """What is learned: rows (m, f), labels 0 or 1 and weights (m,), and ``at`` as they came."""

    rows: Matrix
    labels: I8
    weights: Vector
    at: I64


class Target(Protocol):
    """Chooses what is learned of the labels that are delivered.

    It may keep some back for later. How a stream is cut into batches changes nothing.
    """

    def lesson(self, delivered: Delivered) -> Lesson:
        """Return what is learned now, of these labels and of those that were kept."""

    def state(self) -> State:
        """Return all that later lessons depend on, as plain data."""

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned; the future is then the same bit for bit."""
