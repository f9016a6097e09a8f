"""The path as its drivers see it, whatever it answers: a score for each event, or items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from workbench.detectors.protocol import Matrix, Vector
    from workbench.replay.path import Counts
    from workbench.replay.pending import Pending

Answers: TypeAlias = "Vector | pl.Series"


def plain(answers: Answers) -> list[Any]:
    """Return answers as plain values: floats, or lists of text.

    Examples
    --------
    >>> import polars as pl
    >>> plain(pl.Series("items", [["a", "b"], []]))
    [['a', 'b'], []]
    """
    values: list[Any] = answers.to_list() if hasattr(answers, "to_list") else answers.tolist()
    return values


class EventPath(Protocol):
    """Features or memory, a detector, and what it still waits for.

    A recorded replay, a live worker and a Flink job drive it.

    Attributes
    ----------
    strict
        Whether a label that became known before its event is an error; otherwise it is counted
        and used for nothing.
    counts
        What has passed.
    pending
        The events that are remembered: an id that is in it and comes again is a duplicate.
    last
        Time (µs) and id of the last event.
    delays
        From their events to the labels that were delivered last (µs), shape (m,).
    """

    strict: bool
    counts: Counts
    pending: Pending
    last: tuple[int, str] | None
    delays: npt.NDArray[np.int64]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The event columns that are read, beside id and time."""

    def process(
        self,
        events: pl.DataFrame,
        labels: pl.DataFrame,
        scored: Callable[[int, Matrix, Vector], None] | None = None,
    ) -> Answers:
        """Answer for a batch, and let what becomes known meanwhile be learned.

        Parameters
        ----------
        events
            Events after all earlier ones in the total order, each once.
        labels
            Labels with ``known_at``, in the order (``known_at``, ``event_id``), continuing
            earlier ones: at least those known by the batch's last event.
        scored
            Called by paths that score, see :meth:`workbench.replay.path.Path.process`.
        """

    def score_late(self, events: pl.DataFrame) -> Answers:
        """Answer for events that came too late: with the state of the moment, kept out of it."""

    def explain(self, x: Vector) -> list[dict[str, Any]]:
        """Return what drives the score of a row that ``scored`` was called with, if it can."""

    def tally(self) -> dict[str, int]:
        """Return what has passed, by name, for the run's document."""

    def state(self) -> dict[str, Any]:
        """Return everything that later answers depend on, as plain data."""

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned; the future is then the same bit for bit."""
