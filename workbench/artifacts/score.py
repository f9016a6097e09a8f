"""Scoring a recorded stream with an artifact."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.case import get_case
from workbench.errors import StreamError
from workbench.progress import progress
from workbench.replay.answers import ANSWERS
from workbench.replay.drive import BATCH, drive
from workbench.replay.sink import AnswerSink

if TYPE_CHECKING:
    from workbench.artifacts.artifact import Artifact
    from workbench.streams.recorded import Stream


def score(
    artifact: Artifact,
    stream: Stream,
    out: Path,
    *,
    learn: bool = False,
    start: datetime | None = None,
    until: datetime | None = None,
    batch: int = BATCH,
) -> int:
    """Score the events of a stream that come after the artifact's last one.

    With ``learn``, the scores are those of a replay that was never interrupted, bit for bit.

    Parameters
    ----------
    artifact
        The artifact; it is verified first and stays as it is.
    stream
        A stream of the artifact's case.
    out
        The Parquet file to write: ``event_id``, ``event_time``, and ``score`` or ``items``, in
        order.
    learn
        Whether the detector goes on learning labels as they become known. What is known
        reaches its features in any case.
    start, until
        Only events from ``start`` (inclusive) until ``until`` (exclusive).
    batch
        Events a batch; changes no score.

    Returns
    -------
    int
        Number of events scored.

    Raises
    ------
    StreamError
        If no event of the span comes after the artifact's last one.
    """
    path = artifact.restore(learning=learn)
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        sink = AnswerSink(Path(folder), ANSWERS[get_case(artifact.case).answer])
        with progress("score", stream.n_events) as step:
            for events, answers in drive(
                path, stream, artifact.label_delay, start=start, until=until, batch=batch
            ):
                sink.add(events, answers)
                count += events.height
                step(events.height)
        if count == 0:
            seen = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=artifact.last_event[0])
            raise StreamError.of(
                f"{stream.path}, which has no event to score (it ends {stream.end:%Y-%m-%d %H:%M})",
                allowed=f"events after {seen:%Y-%m-%d %H:%M:%S}, the last one that the artifact "
                "has seen, and within --from and --until",
                hint="export from a run that ended earlier (--until), or score a later stream",
            )
        sink.finish(out)
    return count
