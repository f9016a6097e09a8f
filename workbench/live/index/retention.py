"""An index for each day: made when the first document of the day comes, removed when it is old.

Old is what lies more than so many days before the newest day: by event time and never by the
clock, so that a recording of years ago is kept as one of today.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from workbench.durations import DAY
from workbench.live.index.layout import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensearchpy import OpenSearch

    from workbench.live.index.documents import Document
    from workbench.live.index.layout import Layout


class Days:
    """The daily indices of a case.

    Parameters
    ----------
    client
        The engine's client; its errors are raised as they are.
    layout
        Names of the indices.
    keep
        For how many days before the newest one they are kept.
    """

    def __init__(self, client: OpenSearch, layout: Layout, keep: int) -> None:
        self._client = client
        self._layout = layout
        self._keep = keep
        self._there: set[str] = set()
        self._newest = -1
        self._lock = threading.Lock()

    def settle(self) -> None:
        """Tell the engine how indices are made, and look which there are."""
        for kind in KINDS:
            self._client.indices.put_index_template(
                name=self._layout.alias(kind), body=self._layout.template(kind, self._keep)
            )
        self._there = existing(self._client, self._layout)
        days = [day for name in self._there if (day := self._layout.day(name)) is not None]
        self._newest = max(days, default=-1)

    def admit(self, documents: Sequence[Document]) -> Sequence[Document]:
        """Make the indices that documents need; return those that are not too old to be kept."""
        days = {(document.kind, document.time // DAY) for document in documents}
        with self._lock:
            self._newest = max(self._newest, *(day for _, day in days))
            first = self._newest - self._keep
            for kind, day in sorted(days):
                index = self._layout.index_of_day(kind, day)
                if day >= first and index not in self._there:
                    self._make(index)
                    self._remove_before(first)
        if min(day for _, day in days) >= first:
            return documents
        return [document for document in documents if document.time // DAY >= first]

    def _make(self, index: str) -> None:
        from opensearchpy.exceptions import RequestError

        try:
            self._client.indices.create(index=index)
        except RequestError as error:
            if error.error != "resource_already_exists_exception":
                raise
        self._there.add(index)

    def _remove_before(self, first: int) -> None:
        for name in sorted(self._there):
            day = self._layout.day(name)
            if day is not None and day < first:
                self._client.indices.delete(index=name, ignore=404)
                self._there.discard(name)


def existing(client: OpenSearch, layout: Layout) -> set[str]:
    """Return the names of the daily indices that are there."""
    patterns = ",".join(f"{layout.alias(kind)}-*" for kind in KINDS)
    found: dict[str, Any] = client.indices.get_alias(index=patterns, ignore_unavailable=True)
    return {name for name in found if layout.day(name) is not None}


def kept_days(client: OpenSearch, layout: Layout) -> int | None:
    """Return for how many days indices are kept, as the relay noted it in the template."""
    found = client.indices.get_index_template(name=layout.alias("scores"), ignore=404)
    if "index_templates" not in found:
        return None
    keep: int = found["index_templates"][0]["index_template"]["_meta"]["keep_days"]
    return keep


def kept_from(client: OpenSearch, layout: Layout, keep: int) -> int | None:
    """Return the event time (µs) before which nothing is kept; ``None`` if nothing is there yet."""
    days = [day for index in existing(client, layout) if (day := layout.day(index)) is not None]
    return (max(days) - keep) * DAY if days else None
