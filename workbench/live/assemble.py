"""From the parts of a recording to a stream: one total order, each event and each label once.

The parts are sorted by themselves; what lies between two times is read from those that reach into
that span, so that memory holds a slice of the stream and eight bytes or so of each event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.live.messages import EventCodec, encode_labels, quarantined
from workbench.live.recording import BAD, ORDER, PLACE
from workbench.streams.schema import EVENT_ID, EVENT_TIME
from workbench.streams.validation import DUPLICATE, SOURCE_ROW
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workbench.live.recording import Kept, Recording
    from workbench.live.topics import Topics
    from workbench.streams.manifest import Manifest
    from workbench.streams.parts import PartFile

#: Events of a slice, about.
SLICE = 131_072
#: Events whose ids are compared at once.
COMPARED = 5_000_000
BATCH = 65_536

LABEL_AGAIN = "duplicate label"
#: As the importer says it.
LABEL_EARLY = "known_at: before the event"
_HASH = "hash"


def assemble(recording: Recording, topics: Topics, out: Path, origin: dict[str, Any]) -> Manifest:
    """Write what was recorded as a stream.

    The first of several events of one id is kept, in the order of time, partition and offset; of
    several labels of one event the one that became known first. The others go to quarantine with
    what could not be read.

    Parameters
    ----------
    recording
        The parts, saved.
    topics
        Where they come from.
    out
        The stream's folder.
    origin
        For its manifest.

    Raises
    ------
    StreamError
        If it cannot be written; the recording is left as it was.
    """
    codec = EventCodec(recording.schema)
    bad = [recording.read(part) for part in recording.of_kind("bad")]
    case, schema = recording.asked.case, recording.schema
    with StreamWriter(out, case, schema, origin, recording.cipher) as writer:
        for kept, again in _ordered(recording):
            writer.events(kept.drop(list(PLACE)))
            bad.append(_bad(topics.events, again, codec.encode(again)[1], DUPLICATE))
        labels, refused = _labels(recording)
        writer.labels(labels.drop(list(PLACE)))
        for reason, rows in refused.items():
            bad.append(_bad(topics.labels, rows, encode_labels(rows), reason))
        numbered = pl.concat([pl.DataFrame(schema=BAD), *bad]).sort(ORDER["bad"])
        if numbered.height:
            numbered = numbered.with_row_index(SOURCE_ROW).cast({SOURCE_ROW: pl.Int64})
            writer.quarantine(numbered.select(SOURCE_ROW, "reason", "row"))
    return writer.manifest


def _ordered(recording: Recording) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield events in the total order, slice by slice, with those whose id was there before."""
    parts = [_Part.of(recording, part) for part in recording.of_kind("events")]
    columns = list(recording.columns("events"))
    moved = _at_several_times(parts)
    seen: set[str] = set()
    for start, until in _spans(parts):
        within = (pl.col(EVENT_TIME).to_physical() >= start) & (
            pl.col(EVENT_TIME).to_physical() < until
        )
        frames = [
            raw.filter(within)
            for part in parts
            if part.first < until and part.last >= start
            for raw in part.file.batches(columns, BATCH, start, until)
        ]
        rows = pl.concat(frames).sort(ORDER["events"])
        first = rows[EVENT_ID].is_first_distinct()
        if moved.len():
            suspect = (first & rows[EVENT_ID].hash(0).is_in(moved.implode())).arg_true()
            ids = rows[EVENT_ID].gather(suspect).to_list()
            again = [place for place, name in zip(suspect, ids, strict=True) if name in seen]
            first = first.scatter(again, False) if again else first
            seen.update(ids)
        yield rows.filter(first), rows.filter(~first)


def _at_several_times(parts: list[_Part]) -> pl.Series:
    """Return hashes of the ids that come at more than one time.

    Copies of one time lie in one slice, where they are found; these may not.
    """
    buckets = 1 + sum(part.file.rows for part in parts) // COMPARED
    found = [pl.Series(_HASH, [], pl.UInt64)]
    for bucket in range(buckets):
        frames = [pl.DataFrame(schema={_HASH: pl.UInt64, EVENT_TIME: pl.Int64})]
        for part in parts:
            for raw in part.file.batches([EVENT_ID, EVENT_TIME], BATCH):
                both = raw.select(
                    pl.col(EVENT_ID).hash(0).alias(_HASH), pl.col(EVENT_TIME).to_physical()
                )
                frames.append(both.filter(pl.col(_HASH) % buckets == bucket))
        hashes = pl.concat(frames).unique()[_HASH]
        found.append(hashes.filter(hashes.is_duplicated()).unique())
    return pl.concat(found)


def _spans(parts: list[_Part]) -> Iterator[tuple[int, int]]:
    """Yield spans of time (µs, the end exclusive) with about as many events each."""
    marks = sorted(mark for part in parts for mark in part.marks)
    start, rows = None, 0
    for time, weight in marks:
        if start is None:
            start = time
        elif rows >= SLICE and time > start:
            yield start, time
            start, rows = time, 0
        rows += weight
    if start is not None:
        yield start, marks[-1][0] + 1


def _labels(recording: Recording) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Return the labels that are kept, and the others by reason."""
    frames = [recording.read(part) for part in recording.of_kind("labels")]
    nothing = pl.DataFrame(schema=recording.columns("labels"))
    labels = pl.concat([nothing, *frames]).sort(ORDER["labels"])
    early = labels[EVENT_ID].is_in(_early(recording, labels).implode())
    if early.any():
        # Labels of such an event that became known later are good ones.
        suspects = labels.filter(early)[EVENT_ID].unique().implode()
        times = _times(recording).filter(pl.col(EVENT_ID).is_in(suspects))
        happened = times.group_by(EVENT_ID).agg(pl.col(EVENT_TIME).min()).collect()
        joined = labels.join(happened, on=EVENT_ID, how="left", maintain_order="left")
        early = (joined["known_at"] < joined[EVENT_TIME]).fill_null(False)
    good = labels.filter(~early)
    once = good[EVENT_ID].is_first_distinct()
    return good.filter(once), {
        LABEL_EARLY: labels.filter(early),
        LABEL_AGAIN: good.filter(~once),
    }


def _early(recording: Recording, labels: pl.DataFrame) -> pl.Series:
    """Return the ids of events that have a label from before one of their times."""
    if not labels.height or not recording.of_kind("events"):
        return pl.Series(EVENT_ID, [], pl.String)
    late = labels.lazy().select(EVENT_ID, "known_at").join(_times(recording), on=EVENT_ID)
    early = late.filter(pl.col("known_at") < pl.col(EVENT_TIME)).select(EVENT_ID)
    return early.collect(engine="streaming").to_series()


def _times(recording: Recording) -> pl.LazyFrame:
    parts, columns = recording.of_kind("events"), [EVENT_ID, EVENT_TIME]
    if recording.cipher is not None:
        return pl.concat([recording.read(part, columns) for part in parts]).lazy()
    files = [recording.folder / part.name for part in parts]
    return pl.scan_parquet(files, glob=False).select(columns)


def _bad(topic: str, rows: pl.DataFrame, values: list[bytes], reason: str) -> pl.DataFrame:
    """Return good messages that are not part of the stream as the bad ones that they are."""
    partitions, offsets = (rows[name].to_list() for name in PLACE)
    found = [
        (topic, at, offset, reason, quarantined(topic, at, offset, reason, value).decode())
        for at, offset, value in zip(partitions, offsets, values, strict=True)
    ]
    return pl.DataFrame(found, BAD, orient="row")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of events: its file, and how many rows follow each mark."""

    file: PartFile
    marks: list[tuple[int, int]]
    first: int
    last: int

    @classmethod
    def of(cls, recording: Recording, part: Kept) -> _Part:
        *starts, last = part.marks
        weight = -(-part.rows // len(starts))
        marks = [*((time, weight) for time in starts), (last, 0)]
        return cls(recording.file(part), marks, starts[0], last)
