"""Says that kernels are being compiled, where somebody would otherwise wonder what takes long."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

from numba.core import event


class Compiling(event.Listener):
    """Tells of the first kernel that is compiled; one that the cache has is no such event."""

    def __init__(self) -> None:
        self._told = os.environ.get("WORKBENCH_PROGRESS", "on") == "off"

    def on_start(self, _: Any) -> None:
        """Write a line on stderr, once."""
        if not self._told:
            sys.stderr.write("compiling the kernels: on first use only, some 20 s\n")
        self._told = True

    def on_end(self, _: Any) -> None:
        """Write nothing."""


@cache
def announce() -> None:
    """From now on, tell of kernels that are compiled; not with ``WORKBENCH_PROGRESS=off``."""
    event.register("numba:compile", Compiling())  # type: ignore[no-untyped-call] # numba has none
