"""A replay: a detector driven over a recorded stream into a run's folder."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

from workbench.atomic import partial_of, publish, replaceable
from workbench.case import get_case
from workbench.detectors import codec
from workbench.durations import microseconds, spell
from workbench.errors import BadInput, StreamError
from workbench.progress import progress
from workbench.replay import machine
from workbench.replay.answers import ANSWERS
from workbench.replay.checkpoint import NAME, Checkpoint
from workbench.replay.drive import BATCH, drive
from workbench.replay.run import DOCUMENT, STATE, Run, write_document
from workbench.replay.sink import AnswerSink

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path as File

    from workbench.replay.along import EventPath
    from workbench.replay.setup import Setup
    from workbench.streams.recorded import Stream


def replay(
    stream: Stream,
    setup: Setup,
    out: File,
    *,
    label_delay: str | int | None = None,
    start: datetime | None = None,
    until: datetime | None = None,
    resume: bool = False,
    measured: bool = False,
    checkpoint_every: float = 5.0,
    batch: int | None = None,
) -> Run:
    """Replay a recorded stream into a run's folder.

    Parameters
    ----------
    stream
        The recorded stream.
    setup
        The detector with its settings.
    out
        The run's folder; a run that was there is replaced when the new one is whole.
    label_delay
        Delay of labels that carry no ``known_at``; the case's own if not given.
    start, until
        Only events from ``start`` (inclusive) until ``until`` (exclusive).
    resume
        Go on where a replay with the same arguments was stopped.
    measured
        Compute the metrics too, so that ``run.json`` holds them from the first moment.
    checkpoint_every
        Seconds between checkpoints.
    batch
        Events a batch; changes speed and memory, and no bit of a result. By default no more
        than are written at once, since lists of items are large.

    Returns
    -------
    Run
        The finished run.

    Raises
    ------
    StreamError
        If the stream is damaged, or no event lies in the span.
    ParameterError
        If ``resume`` meets another replay's checkpoint, or ``out`` holds something else.
    """
    replaceable(out, DOCUMENT, "a run")
    given = get_case(stream.case).label_delay if label_delay is None else label_delay
    delay = microseconds(given)
    partial = partial_of(out)
    key = "/".join(map(str, (setup.digest, stream.hash, delay, start, until)))
    sink = AnswerSink(partial, ANSWERS[get_case(stream.case).answer])
    checkpoint = Checkpoint(partial, key, checkpoint_every)
    batch = batch or min(BATCH, sink.answer.group)
    span = {"start": start, "until": until}
    document = _answer(stream, setup, delay, sink, checkpoint, resume=resume, batch=batch, **span)
    write_document(partial, document)
    run = Run.open(partial, stream=stream)
    if measured:
        run.record()
        run.document["peak_memory_with_metrics_mb"] = machine.peak_memory_mb()
        write_document(partial, run.document)
    # In this order: a checkpoint is good for nothing without the answers before it.
    (partial / NAME).unlink(missing_ok=True)
    sink.clear()
    publish(partial, out)
    run.path = out
    return run


def _answer(
    stream: Stream,
    setup: Setup,
    delay: int,
    sink: AnswerSink,
    checkpoint: Checkpoint,
    *,
    resume: bool,
    batch: int,
    start: datetime | None,
    until: datetime | None,
) -> dict[str, Any]:
    """Write the answers and the detector's last state; return what ``run.json`` says of them.

    The detector does not outlive this: its memory is free when the metrics are computed.
    """
    path = setup.build()
    folder = sink.folder
    if not resume and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    watch = machine.Stopwatch()
    checkpoint.load(path, sink)
    done = path.counts.events
    try:
        with progress(f"replay {setup.detector}", stream.n_events) as step:
            step(done)
            driven = drive(path, stream, delay, start=start, until=until, batch=batch)
            for events, answers in driven:
                sink.add(events, answers)
                step(events.height)
                checkpoint.tick(path, sink)
        if path.counts.events == 0:
            raise StreamError.of(
                f"the span from {start or stream.start} until {until or stream.end}",
                allowed=f"a span within {stream.start} to {stream.end}",
                hint="correct --from and --until",
            )
    except BadInput:
        # What cannot be used now cannot be gone on with later either.
        shutil.rmtree(folder)
        raise
    sink.finish(folder / sink.answer.file)
    seconds = watch.seconds
    codec.save(folder / STATE, path.state())
    return _document(stream, setup, path, delay, start, until) | {
        "seconds": round(seconds, 3),
        "events_per_second": round((path.counts.events - done) / seconds),
        "peak_memory_mb": machine.peak_memory_mb(),
    }


def _document(
    stream: Stream,
    setup: Setup,
    path: EventPath,
    delay: int,
    start: datetime | None,
    until: datetime | None,
) -> dict[str, Any]:
    last_time, last_id = path.last or (None, None)
    return {
        "format": 1,
        **setup.to_data(),
        "seed": setup.pace.seed,
        "stream": {"path": str(stream.path), "hash": stream.hash, "events": stream.n_events},
        "label_delay": "as recorded" if stream.labels_have_known_at else spell(delay),
        "label_delay_us": delay,
        "from": start,
        "until": until,
        "last_event": {"time": last_time, "event_id": last_id},
        "counts": path.tally(),
        "versions": machine.versions(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
