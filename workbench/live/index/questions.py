"""The usual questions to the index, and their answers as plain rows."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from workbench.durations import HOUR
from workbench.live.fields import spell
from workbench.live.index import engine
from workbench.live.index.layout import Layout
from workbench.streams.values import EARLIEST, LATEST

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

    from workbench.live.settings import Settings

Row = dict[str, Any]
Query = dict[str, Any]

#: An answer is whole or an error; where there is no index yet, it is empty.
WHOLE = {"ignore_unavailable": "true", "allow_partial_search_results": "false"}
#: The most rows of one answer; engines give no more in one piece.
MOST = 10_000


class Questions:
    """Asks the index of one case.

    Parameters
    ----------
    settings
        Where the search engine is.
    prefix
        The topics' prefix.

    Examples
    --------
    ::

        ask = Questions(Settings.load(), "fraud")
        ask.top(10)
        ask.history("card-17")
    """

    def __init__(self, settings: Settings, prefix: str) -> None:
        self._settings = settings
        self._layout = Layout(prefix)

    def history(
        self, entity: str, most: int = 100, start: int | None = None, until: int | None = None
    ) -> list[Row]:
        """Return an entity's scores, the newest first, each with its alert if there was one.

        Parameters
        ----------
        entity
            A value of the case's routing entity.
        most
            The most rows.
        start, until
            Event times in microseconds: from, inclusive, and until, exclusive.
        """
        query = _all_of({"term": {"entity": entity}}, span(start, until))
        order = [{"event_time": "desc"}, {"event_id": "desc"}]
        with self._client() as client:
            scores = self._rows(client, "scores", query, order, most)
            ids = [row["event_id"] for row in scores]
            about = _all_of({"term": {"entity": entity}}, {"terms": {"event_id": ids}})
            alerts = self._rows(client, "alerts", about, order, most)
        found = {(row["event_id"], row["artifact"]): row for row in alerts}
        return [found.get((row["event_id"], row["artifact"]), row) for row in scores]

    def top(self, most: int, start: int | None = None, until: int | None = None) -> list[Row]:
        """Return the alerts with the highest scores, the highest first."""
        order = [{"score": "desc"}, {"event_time": "asc"}, {"event_id": "asc"}]
        with self._client() as client:
            return self._rows(client, "alerts", span(start, until), order, most)

    def by_hour(self, start: int | None = None, until: int | None = None) -> list[Row]:
        """Return for each hour that has any: scores, late ones, alerts, mean and highest score."""
        totals = {"mean": {"avg": {"field": "score"}}, "highest": {"max": {"field": "score"}}}
        late = {"late": {"filter": {"term": {"late": True}}}}
        with self._client() as client:
            scores = self._hours(client, "scores", span(start, until), totals | late)
            alerts = self._hours(client, "alerts", span(start, until), {})
        return [
            {
                "hour": spell(hour),
                "scores": found["doc_count"],
                "late": found["late"]["doc_count"],
                "alerts": alerts.get(hour, {"doc_count": 0})["doc_count"],
                "mean": found["mean"]["value"],
                "highest": found["highest"]["value"],
            }
            for hour, found in scores.items()
        ]

    def _rows(
        self, client: OpenSearch, kind: Any, query: Query, order: list[Any], most: int
    ) -> list[Row]:
        body = {"query": query, "sort": order, "size": min(most, MOST)}
        answer = self._ask(client, kind, body)
        return [hit["_source"] for hit in answer["hits"]["hits"]]

    def _hours(
        self, client: OpenSearch, kind: Any, query: Query, inner: dict[str, Any]
    ) -> dict[int, Any]:
        histogram = {"field": "event_time", "fixed_interval": "1h", "min_doc_count": 1}
        hours: dict[str, Any] = {"date_histogram": histogram}
        if inner:
            hours["aggs"] = inner
        answer = self._ask(client, kind, {"size": 0, "query": query, "aggs": {"hours": hours}})
        buckets = answer.get("aggregations", {"hours": {"buckets": []}})["hours"]["buckets"]
        return {bucket["key"] * 1_000 // HOUR * HOUR: bucket for bucket in buckets}

    def _ask(self, client: OpenSearch, kind: Any, body: Query) -> Any:
        alias = self._layout.alias(kind)
        with engine.translated(self._settings, f"searching {alias}"):
            return client.search(index=alias, body=body, params=WHOLE)

    def _client(self) -> closing[OpenSearch]:
        return closing(engine.connect(self._settings))


def span(start: int | None, until: int | None) -> Query:
    """Return the query for event times (µs) from ``start``, inclusive, until ``until``, exclusive.

    Both ends are always given: Elasticsearch fails where one of them is left out.

    Examples
    --------
    >>> span(0, 1)["range"]["event_time"]["lt"]
    '1970-01-01T00:00:00.000001Z'
    """
    first = spell(EARLIEST if start is None else start)
    last = spell(LATEST if until is None else until)
    return {"range": {"event_time": {"gte": first, "lt": last}}}


def _all_of(*queries: Query) -> Query:
    return {"bool": {"filter": [*queries]}}
