"""What the index holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.live.fields import read_time
from workbench.live.index import engine
from workbench.live.index.documents import canonical
from workbench.live.index.questions import WHOLE, span
from workbench.live.reconcile.entries import Entry, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opensearchpy import OpenSearch

    from workbench.live.index.layout import Kind, Layout
    from workbench.live.reconcile.entries import Window
    from workbench.live.settings import Settings

#: Documents of one request.
_PAGE = 2_000


class IndexSide:
    """Scores or alerts in the index, as a side of a comparison.

    Parameters
    ----------
    settings
        For messages.
    client
        The engine's client.
    layout
        Names of the indices.
    kind
        Scores or alerts.
    """

    def __init__(self, settings: Settings, client: OpenSearch, layout: Layout, kind: Kind) -> None:
        self._settings = settings
        self._client = client
        self._alias = layout.alias(kind)

    def entries(self, window: Window) -> Iterator[Entry]:
        """Yield the documents of a window."""
        from opensearchpy.helpers import scan

        with engine.translated(self._settings, f"reading {self._alias}"):
            self._client.indices.refresh(index=self._alias, params=_ABSENT)
            found = scan(
                self._client,
                index=self._alias,
                query={"query": span(*window)},
                size=_PAGE,
                request_timeout=3 * engine.PATIENCE,
                params=WHOLE,
            )
            for hit in found:
                source = hit["_source"]
                time = read_time(source["event_time"], "event_time")
                yield Entry(hit["_id"], time, digest(hit["_id"], canonical(source)))


_ABSENT = {"ignore_unavailable": "true"}
