"""What a run records of the machine: seconds, memory, versions."""

from __future__ import annotations

import platform
import time
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("event-workbench", "numpy", "polars", "numba", "river", "pyarrow")


class Stopwatch:
    """Seconds since it was made.

    Examples
    --------
    >>> Stopwatch().seconds >= 0
    True
    """

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return time.perf_counter() - self._start


def peak_memory_mb() -> float | None:
    """Return this process's peak resident memory in MB (10⁶ bytes); None where unknown."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return round(peak * (1 if platform.system() == "Darwin" else 1024) / 1e6, 1)


def versions() -> dict[str, str]:
    """Return the versions that results may depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
