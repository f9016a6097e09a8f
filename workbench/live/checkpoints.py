"""Checkpoints of a worker: its state, by the number of the transaction that it goes with."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.atomic import atomic_file
from workbench.detectors import codec
from workbench.errors import BadInput
from workbench.lock import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"checkpoint-(\d{12})\.npz")


class Checkpoints:
    """The checkpoints in a folder.

    A state is a cache of the log: without any, it is computed anew from the log's beginning.

    Parameters
    ----------
    folder
        The worker's folder; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, sequence: int, state: dict[str, Any]) -> None:
        """Save the state that goes with a transaction, before or after it is committed."""
        with atomic_file(self.folder / f"checkpoint-{sequence:012d}.npz") as temporary:
            codec.save(temporary, state)

    def load(self, until: int) -> dict[str, Any] | None:
        """Return the newest state that does not go beyond a transaction, if there is one.

        Others are removed: those beyond it were never committed.
        """
        newest = max((n for n in self._numbers() if n <= until), default=None)
        self.keep(newest)
        if newest is None:
            return None
        state: dict[str, Any] = codec.load(self._file(newest))
        return state

    def keep(self, sequence: int | None) -> None:
        """Remove every checkpoint but one."""
        for number in self._numbers():
            if number != sequence:
                self._file(number).unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        names = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(name[1]) for name in names if name)

    def _file(self, number: int) -> Path:
        return self.folder / f"checkpoint-{number:012d}.npz"


@contextmanager
def owned(folder: Path, patience: float = 30.0) -> Iterator[None]:
    """Hold a folder for this process alone; wait until a predecessor has left.

    Raises
    ------
    BadInput
        If another process holds it longer than ``patience`` seconds.
    """
    with locked(folder / "lock", patience) as held:
        if not held:
            raise BadInput.of(
                f"--state {folder}, which another worker uses,",
                allowed="a folder for each worker",
                hint="stop that worker, or choose another folder",
            )
        yield
