"""Many documents at once into the index, and again only those that it could not take."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from workbench.errors import Interrupted
from workbench.live.index.engine import PATIENCE, busy, explained, full, passing, refused
from workbench.live.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensearchpy import OpenSearch

    from workbench.live.index.documents import Document
    from workbench.live.index.layout import Layout
    from workbench.live.index.retention import Days
    from workbench.live.settings import Settings
    from workbench.live.telemetry import Telemetry

LOG = logging.getLogger(__name__)
#: The most documents, and about the most bytes, of one request.
MOST, LARGEST = 2_000, 8 << 20
#: Seconds without any progress after which an engine is given up.
GIVEN_UP = 300.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_DONE = (200, 201)
#: There already: the same document, or a later one with its id.
_THERE = 409
_UNFIT = 400


@dataclass(slots=True)
class Written:
    """What became of documents.

    Attributes
    ----------
    taken
        How many are new in the index, or replaced what was there.
    there
        How many were there already.
    expired
        How many lie before the oldest day that is kept.
    unfit
        Those that the index can never take, and why.
    """

    taken: int = 0
    there: int = 0
    expired: int = 0
    unfit: list[tuple[Document, str]] = field(default_factory=list)

    def add(self, other: Written) -> None:
        """Add what became of others."""
        self.taken += other.taken
        self.there += other.there
        self.expired += other.expired
        self.unfit += other.unfit


class Writer:
    """Writes documents; may be used by several threads.

    Parameters
    ----------
    settings
        For messages.
    client
        The engine's client.
    layout
        Names of the indices.
    days
        Makes and removes them.
    stop
        Ends the waiting for an engine that does not answer.
    telemetry
        Told of documents and retries.
    """

    def __init__(
        self,
        settings: Settings,
        client: OpenSearch,
        layout: Layout,
        days: Days,
        *,
        stop: Stop | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._settings = settings
        self._client = client
        self._layout = layout
        self._days = days
        self._stop = stop or Stop()
        self._telemetry = telemetry

    def write(self, documents: Sequence[Document], *, anew: bool = False) -> Written:
        """Write documents, and return when the engine has them safely on its disk.

        Parameters
        ----------
        documents
            What to write.
        anew
            Replace what is there, whatever it is. Otherwise a document counts as there if one
            with its id has come from the same offset or a later one.

        Raises
        ------
        LiveError
            If the engine refuses, or makes no progress for five minutes.
        Interrupted
            If it does not answer and the work is to stop.
        """
        total = Written()
        for portion in _portions(documents):
            total.add(self._write(portion, anew=anew))
        if self._telemetry is not None:
            self._telemetry.count("index_documents", total.taken + total.there)
            self._telemetry.count("index_failed", len(total.unfit))
        return total

    def _write(self, portion: Sequence[Document], *, anew: bool) -> Written:
        from opensearchpy.exceptions import OpenSearchException

        total, what = Written(), f"writing to {self._layout.prefix}-*"
        left, pause, since = portion, _FIRST_PAUSE, time.monotonic()
        while True:
            try:
                failed, error = self._once(left, total, anew=anew), None
            except OpenSearchException as raised:
                if not passing(raised):
                    raise explained(self._settings, what, raised) from raised
                failed, error = left, raised
            if not failed:
                return total
            if len(failed) < len(left):
                pause, since = _FIRST_PAUSE, time.monotonic()
            if time.monotonic() - since > GIVEN_UP:
                if error is not None:
                    raise explained(self._settings, what, error) from error
                raise refused(self._settings, what, 429, "it has too much to do")
            if self._telemetry is not None:
                self._telemetry.count("retries", sink="search")
            left = failed
            LOG.warning(
                "the search engine did not take all documents: again in %.1f s",
                pause,
                extra={"messages": len(left), "sink": "search"},
            )
            if self._stop.wait(pause):
                raise Interrupted("stopped while the search engine did not answer")
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _once(
        self, documents: Sequence[Document], total: Written, *, anew: bool
    ) -> Sequence[Document]:
        """Ask once; return those that the engine was too busy for."""
        kept = self._days.admit(documents)
        if not kept:
            total.expired += len(documents)
            return ()
        answer = self._client.bulk(
            body=self._body(kept, anew=anew),
            params={
                "filter_path": "errors,items.*.status,items.*.error.type,items.*.error.reason",
                # Soon enough for an answer that says which shard is not there.
                "timeout": f"{PATIENCE:.0f}s",
                "request_timeout": 3 * PATIENCE,
            },
        )
        total.expired += len(documents) - len(kept)
        again = []
        for document, item in zip(kept, answer["items"], strict=True):
            said = item["index"]
            status = said["status"]
            if status in _DONE:
                total.taken += 1
            elif status == _THERE:
                total.there += 1
            else:
                reason = f"{said['error']['type']}: {said['error']['reason']}"
                if busy(status) and not full(reason):
                    again.append(document)
                elif status == _UNFIT:
                    total.unfit.append((document, f"mapping: {reason}"))
                else:
                    raise refused(
                        self._settings, f"writing to {self._layout.prefix}-*", status, reason
                    )
        return again

    def _body(self, documents: Sequence[Document], *, anew: bool) -> bytes:
        index = self._layout.index
        lines = []
        for document in documents:
            action: dict[str, Any] = {
                "_index": index(document.kind, document.time),
                "_id": document.id,
            }
            if not anew:
                action |= {"version": document.record.offset, "version_type": "external"}
            lines += [orjson.dumps({"index": action}), document.source]
        return b"\n".join([*lines, b""])


def _portions(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    first = size = 0
    for position, document in enumerate(documents):
        if position > first and (position - first == MOST or size > LARGEST):
            yield documents[first:position]
            first, size = position, 0
        size += len(document.source)
    if first < len(documents):
        yield documents[first:]
