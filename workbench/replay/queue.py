"""Labels that are known to the driver and not delivered yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.errors import StreamError
from workbench.fingerprints import fingerprints
from workbench.streams.frames import instants

if TYPE_CHECKING:
    import polars as pl

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]


class LabelQueue:
    """Labels that were handed over, in the order in which they became known."""

    def __init__(self) -> None:
        self.prints = np.empty((0, 2), np.uint64)
        self.known = np.empty(0, np.int64)
        self.values = np.empty(0, np.int8)

    def add(self, labels: pl.DataFrame) -> None:
        """Append labels; they continue earlier ones in the order (``known_at``, ``event_id``)."""
        if labels.height == 0:
            return
        known = instants(labels["known_at"])
        if len(self.known) and known[0] < self.known[-1]:
            raise StreamError(
                "Labels came out of order: each batch continues the last one in the order "
                "(known_at, event_id)."
            )
        self.prints = np.concatenate([self.prints, fingerprints(labels["event_id"])])
        self.known = np.concatenate([self.known, known])
        self.values = np.concatenate([self.values, labels["label"].to_numpy().astype(np.int8)])

    def take(self, until: int) -> tuple[U64, I64, npt.NDArray[np.int8]]:
        """Take out all labels known by ``until``.

        Returns
        -------
        prints, known, values : ndarray
            Fingerprints of their events' ids (n, 2), times of becoming known (µs), labels.
        """
        n = int(np.searchsorted(self.known, until, side="right"))
        taken = self.prints[:n], self.known[:n], self.values[:n]
        self.prints, self.known, self.values = self.prints[n:], self.known[n:], self.values[n:]
        return taken

    def state(self) -> dict[str, Any]:
        """Return the waiting labels as plain data."""
        return {
            "fingerprints": self.prints.copy(),
            "known": self.known.copy(),
            "values": self.values.copy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.prints = state["fingerprints"].copy()
        self.known, self.values = state["known"].copy(), state["values"].copy()
