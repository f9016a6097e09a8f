"""How far long work has come: on stderr in a terminal, as a bar in a notebook."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress(title: str, total: int, unit: str = "events") -> Iterator[Callable[[int], None]]:
    """Show progress while the block runs; yield a function that takes what was done since.

    The bar goes when the work is done. ``WORKBENCH_PROGRESS=off`` shows none, and none is shown
    where stderr is neither a terminal nor a notebook.
    """
    if os.environ.get("WORKBENCH_PROGRESS", "on") == "off" or not _watched():
        yield lambda _: None
        return
    from tqdm.auto import tqdm

    with tqdm(
        total=total, desc=title, unit=f" {unit}", unit_scale=True, leave=False, mininterval=0.2
    ) as bar:
        yield bar.update


def _watched() -> bool:
    return "ipykernel" in sys.modules or sys.stderr.isatty()
