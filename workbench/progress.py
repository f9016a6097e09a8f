"""How far long work has come: on stderr in a terminal, as a bar in a notebook."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Step(Protocol):
    """Takes what was done since the last call, and a few words on how it stands."""

    def __call__(self, done: int, note: str = "", /) -> None:
        """Move the bar on."""


@contextmanager
def progress(title: str, total: int, unit: str = "events") -> Iterator[Step]:
    """Show progress while the block runs; yield a function that takes what was done since.

    The bar goes when the work is done. ``WORKBENCH_PROGRESS=off`` shows none, and none is shown
    where stderr is neither a terminal nor a notebook.
    """
    if os.environ.get("WORKBENCH_PROGRESS", "on") == "off" or not _watched():
        yield _unseen
        return
    from tqdm.auto import tqdm

    with tqdm(
        total=total, desc=title, unit=f" {unit}", unit_scale=True, leave=False, mininterval=0.2
    ) as bar:

        def step(done: int, note: str = "", /) -> None:
            if note:
                bar.set_postfix_str(note, refresh=False)
            bar.update(done)

        yield step


def _unseen(done: int, note: str = "", /) -> None:
    del done, note


def _watched() -> bool:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel") or sys.stderr.isatty()
