"""Replay months of events in seconds, with labels arriving as late as they do in life.

::

    import workbench as wb

    stream = wb.open("data/fraud")           # what is in it
    run = wb.replay(stream, "additive")      # score first, learn when labels are known
    run.plot()                               # precision and recall, by day, drift marked
    study = wb.tune(stream, trials=40)       # search, choose, confirm
    study.best.compare(run)                  # what is better, and is it certain
    study.best.export("artifacts/fraud")

======================  ====================================================================
:func:`open`            a recorded stream by its folder
:func:`replay`          drive a detector over it: a :class:`~workbench.replay.run.Run`
:func:`tune`            search detectors and settings: a :class:`~workbench.tuning.study.Study`
:func:`load_run`        a run that lies on disk
:func:`report`          publish a case's report
:mod:`live <.live>`     servers on this machine, and what arrives on their topics
======================  ====================================================================

Importing it is quick: what a function needs is imported when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.face import load_run, open, report, tune  # noqa: A004 - wb.open reads as it should

if TYPE_CHECKING:
    from workbench import live
    from workbench.face import replay
    from workbench.replay.run import Run
    from workbench.reports.publish import Published
    from workbench.streams.recorded import Stream
    from workbench.tuning.study import Study

__all__ = [
    "Published",
    "Run",
    "Stream",
    "Study",
    "live",
    "load_run",
    "open",
    "replay",
    "report",
    "tune",
]

_LAZY = {
    "Published": "workbench.reports.publish",
    "Run": "workbench.replay.run",
    "Stream": "workbench.streams.recorded",
    "Study": "workbench.tuning.study",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    # Packages. Replay can be called; a function would be hidden as soon as it is imported.
    if name in ("live", "replay"):
        return import_module(f"workbench.{name}")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
