"""The PhysioNet/CinC Challenge 2019's hospital A as a stream, made once."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.data import BUILD, ROOT
from workbench.streams.importer import import_file
from workbench.streams.recorded import Stream
from workbench.streams.secret import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.replay.estimates import Floats

HOSPITAL = Path(
    os.environ.get(
        "WORKBENCH_PHYSIONET",
        ROOT.parent / "shared" / "data" / "physionet2019_set_a.parquet",
    )
)
TASKS = Path("/proc/self/task")
ABSENT = f"Left out: {HOSPITAL} is not there. Name the file in WORKBENCH_PHYSIONET."


def hospital(file: Path = HOSPITAL) -> Stream:
    """Import the set with the preset; its ids are published, so any key will do."""
    folder = BUILD / f"{file.stem}-{file.stat().st_size}"
    if not folder.exists():
        os.environ.setdefault(KEY, "the ids of this set are published by themselves")
        import_file("vitals", file, folder, preset="physionet2019")
    return Stream.open(folder)


class Watch:
    """Seconds since it was made: by the clock, and of the processor, which others cannot slow."""

    def __init__(self) -> None:
        self._begin = _now()

    @property
    def seconds(self) -> Floats:
        """By the clock, and of the processor, shape (2,)."""
        return _now() - self._begin


def _now() -> Floats:
    return np.array([time.perf_counter(), time.process_time()])


@contextmanager
def one_core() -> Iterator[None]:
    """Keep all threads of this process to one processor, where the system can."""
    if not TASKS.exists():
        yield
        return
    before = os.sched_getaffinity(0)
    _keep_to({min(before)})
    try:
        yield
    finally:
        _keep_to(before)


def _keep_to(processors: set[int]) -> None:
    # The call is for one thread; those that begin later inherit it.
    for task in TASKS.iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), processors)
