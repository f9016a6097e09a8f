"""The few functions that a notebook needs; ``import workbench as wb`` offers them.

Paths that are given are looked for from the working directory and then from the project's
folder, so that notebooks in folders of their own find ``data/``; what is written by default lies
below the project's folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from workbench.replay.run import Run
    from workbench.reports.publish import Published
    from workbench.streams.recorded import Stream
    from workbench.tuning.study import Study


def open(path: str | Path) -> Stream:  # noqa: A001 - wb.open reads as it should
    """Open a recorded stream by its folder.

    Parameters
    ----------
    path
        The folder, for instance ``data/fraud``.

    Returns
    -------
    Stream
        Shows its schema, span, rates and quality.

    Raises
    ------
    StreamError
        If the folder holds no stream, or a damaged one.
    """
    from workbench.project import locate
    from workbench.streams.recorded import Stream

    return Stream.open(locate(path))


def replay(
    stream: Stream | str | Path,
    detector: str | None = None,
    *,
    label_delay: str | int | None = None,
    deliver: str | int = "1h",
    seed: int = 0,
    out: str | Path | None = None,
    start: date | str | None = None,
    until: date | str | None = None,
    **parameters: Any,
) -> Run:
    """Drive a detector over a stream in event time: score first, learn when the label is known.

    Parameters
    ----------
    stream
        A stream, or its folder.
    detector
        Name of the detector; the case's shipped one if not given.
    label_delay
        How late labels are that carry no time of their own; the case's delay if not given.
    deliver
        Interval between deliveries of labels.
    seed
        Of everything that is random: the same seed, the same bytes.
    out
        The run's folder; ``runs/STREAM-DETECTOR-DIGEST`` in the project if not given. A run
        there is replaced.
    start, until
        Only events from ``start`` (inclusive) until ``until`` (exclusive): dates, times, or
        text such as ``2025-04-01``.
    **parameters
        Settings of the detector, and ``negatives``, ``importance`` and ``warm_up``.

    Returns
    -------
    Run
        Shows its metrics with intervals; has ``scores``, ``metrics``, ``plot()``, ``compare()``
        and ``export()``.

    Raises
    ------
    ParameterError
        If a name is unknown or a value impossible.
    StreamError
        If the stream is damaged, or no event lies in the span.
    """
    from workbench.moments import moment
    from workbench.project import output
    from workbench.replay.places import run_folder
    from workbench.replay.replay import replay as drive
    from workbench.replay.setup import Setup

    stream = _stream(stream)
    span = (moment(start, "start"), moment(until, "until"))
    setup = Setup.of(stream.case, detector, parameters, deliver=deliver, seed=seed)
    folder = run_folder(stream, setup, label_delay, *span) if out is None else output(out)
    return drive(
        stream,
        setup,
        folder,
        label_delay=label_delay,
        start=span[0],
        until=span[1],
        measured=True,
    )


def tune(
    stream: Stream | str | Path,
    detectors: str | Sequence[str] | None = None,
    *,
    trials: int = 40,
    jobs: int = 1,
    label_delay: str | int | None = None,
    deliver: str | int = "1h",
    seed: int = 0,
    out: str | Path | None = None,
    resume: bool = False,
) -> Study:
    """Search for a detector and its settings, and confirm the choice on days that no trial saw.

    Parameters
    ----------
    stream
        A stream, or its folder.
    detectors
        Name or names of the detectors that compete; all that can be tuned if not given.
    trials
        Number of trials.
    jobs
        Processes that do trials. With one, the same arguments make the same choice.
    label_delay, deliver, seed
        As in :func:`replay`.
    out
        The study's folder; ``studies/STREAM-DIGEST`` in the project if not given.
    resume
        Go on with a study that was stopped, or add trials to a finished one.

    Returns
    -------
    Study
        Shows its trials, the settings that matter, and the confirmed winner: ``study.best``.

    Raises
    ------
    ParameterError
        If a detector is unknown or has nothing to tune.
    StreamError
        If the stream is damaged, or too short to tune and confirm on.
    """
    from workbench.project import output
    from workbench.tuning.tune import tune as search

    return search(
        _stream(stream),
        [detectors] if isinstance(detectors, str) else detectors,
        trials=trials,
        jobs=jobs,
        label_delay=label_delay,
        deliver=deliver,
        seed=seed,
        out=None if out is None else output(out),
        resume=resume,
    )


def load_run(path: str | Path) -> Run:
    """Open a run that lies on disk.

    Raises
    ------
    BadInput
        If the folder holds no finished run.
    """
    from workbench.replay.run import Run

    return Run.open(path)


def report(name: str, *, out: str | Path | None = None, **parameters: Any) -> Published:
    """Publish a case's report as notebook and page.

    Parameters
    ----------
    name
        The case.
    out
        The report's folder; ``reports/NAME/TIME`` in the project if not given.
    **parameters
        Values for the report's notebook.

    Returns
    -------
    Published
        Where it lies, and what it found.

    Raises
    ------
    ParameterError
        If there is no such report or parameter.
    CheckFailed
        If a cell of the notebook failed.
    """
    from workbench.reports.publish import publish

    return publish(name, parameters, out)


def _stream(stream: Stream | str | Path) -> Stream:
    from workbench.streams.recorded import Stream

    return stream if isinstance(stream, Stream) else open(stream)
