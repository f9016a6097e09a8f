"""Recording topics into a stream folder: every message once, whatever ends the process."""

from __future__ import annotations

import shutil
import time
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from workbench.atomic import replaceable
from workbench.case import get_case
from workbench.errors import ParameterError
from workbench.live.assemble import assemble
from workbench.live.clients import LiveError, consumer, partitions, translated
from workbench.live.edge import Edge, spell
from workbench.live.reader import Reader
from workbench.live.recording import MANIFEST, Asked, Recording
from workbench.live.stopping import Quiet, Stop
from workbench.lock import locked
from workbench.progress import progress
from workbench.streams.manifest import MANIFEST as STREAM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workbench.live.settings import Settings
    from workbench.live.telemetry import Telemetry
    from workbench.live.topics import Topics

#: After so many quiet seconds the brokers are asked whether they are still there.
LOOK = 10.0


@dataclass(slots=True)
class Recorded:
    """What became of a recording.

    Attributes
    ----------
    stream
        The folder.
    events, labels
        How many it holds.
    quarantined
        How many messages are in quarantine, by reason.
    skipped
        Messages outside the span of time that was asked for.
    offsets
        Where the next recording goes on, as ``--from`` takes it.
    seconds
        How long this process took.
    """

    stream: str
    events: int
    labels: int
    quarantined: dict[str, int]
    skipped: int
    offsets: str
    seconds: float

    def __str__(self) -> str:
        bad = sum(self.quarantined.values())
        return (
            f"{self.events:,} events and {self.labels:,} labels recorded, {bad:,} messages in "
            f"quarantine, {self.skipped:,} outside the span; {self.seconds:.1f} s"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return asdict(self)


def state_of(out: Path) -> Path:
    """Return the folder of an unfinished recording, beside the stream that it will be."""
    return out.with_name(out.name + ".recording")


def record(
    settings: Settings,
    case: str,
    topics: Topics,
    out: Path,
    *,
    start: str | None = None,
    until: str | None = None,
    idle: float | None = None,
    stop: Stop | None = None,
    telemetry: Telemetry | None = None,
    encrypt: bool = False,
    key_file: Path | None = None,
) -> Recorded:
    """Record a case's events and labels until an end is reached or wanted.

    Until then what was read lies beside ``out``, with the offsets up to which it is whole; the
    same call goes on there, whatever ended the one before.

    Parameters
    ----------
    settings
        Where the brokers are.
    case
        Name of the case.
    topics
        What is recorded.
    out
        The stream's folder; a stream that is there is replaced at the end.
    start, until
        A time, or offsets such as ``events/0=120,labels/0=7``; see :class:`Edge`.
    idle
        Ends when nothing came for so long (s) and everything was read.
    stop
        Asked when the recording is to end.
    telemetry
        Told what is read.
    encrypt
        Encrypt the stream, and what was read until it is whole.
    key_file
        File with the key of encryption; that of the environment if not given.

    Raises
    ------
    LiveError
        If the topics cannot be read or hold no event. What was read is kept.
    ParameterError
        If ``out`` belongs to another recording, or ``encrypt`` has no key.
    StreamError
        If the key is not that of the recording that is gone on with.
    """
    schema = get_case(case).schema
    replaceable(out, STREAM, "a stream")
    first, last = Edge.of(start, "--from"), Edge.of(until, "--until")
    asked = Asked(case, schema.version, topics.prefix, start, until, encrypted=encrypt)
    folder, began, stop = state_of(out), time.monotonic(), stop or Stop()
    with _alone(folder, out):
        recording = Recording.open(folder, schema, asked, key_file)
        what = f"recording the topics {topics.prefix}.*"
        with (
            _kept(recording),
            translated(settings, what),
            closing(consumer(settings, auto_offset_reset="none")) as client,
            progress(f"record {case}", 0, "messages") as step,
        ):
            places = [
                place
                for topic in (topics.events, topics.labels)
                for place in partitions(client, settings, topic)
            ]
            reader = Reader(client, places, topics, recording, first, last, telemetry)
            recording.save(recording.offsets)
            quiet = Quiet(LOOK if idle is None else idle)
            while not stop.asked and not reader.reached:
                came = reader.read()
                step(came)
                if quiet.after(came) and reader.at_end() and idle is not None:
                    break
                if recording.due:
                    recording.save(reader.offsets())
            recording.save(reader.offsets())
        return _finish(recording, topics, out, began)


def _finish(recording: Recording, topics: Topics, out: Path, began: float) -> Recorded:
    if not recording.of_kind("events"):
        raise LiveError.of(
            f"the topic {topics.events}, in which no event was read,",
            allowed="a topic with events in the span that was asked for",
            hint="publish first; the same command goes on with what it has",
        )
    asked = {"from": recording.asked.start, "until": recording.asked.until}
    origin = {
        "topics": topics.prefix,
        "offsets": {
            place: [begin, recording.offsets[place]] for place, begin in recording.begin.items()
        },
        **{name: value for name, value in asked.items() if value is not None},
    }
    counts = assemble(recording, topics, out, origin).counts
    offsets = spell(recording.offsets)
    recording.remove()
    return Recorded(
        str(out),
        counts.events or 0,
        counts.labels or 0,
        counts.quarantined,
        recording.skipped,
        offsets,
        round(time.monotonic() - began, 3),
    )


@contextmanager
def _alone(folder: Path, out: Path) -> Iterator[None]:
    """Let one process at a time work in a recording's folder; one without recording goes."""
    with locked(folder / ".lock", patience=0) as held:
        if not held:
            raise ParameterError.of(
                f"--out {out}, which another process records,",
                allowed="one recording for a folder at a time",
                hint="wait for it, or choose another --out",
            )
        try:
            yield
        finally:
            if folder.exists() and not (folder / MANIFEST).exists():
                shutil.rmtree(folder)


@contextmanager
def _kept(recording: Recording) -> Iterator[None]:
    """Say with an error of the brokers that nothing is lost."""
    try:
        yield
    except LiveError as error:
        if not recording.parts:
            raise
        raise LiveError(
            f"{error} What was recorded is kept in {recording.folder}; the same command goes on."
        ) from error
