"""The kinds of servers, one module each, in the order in which they are started."""

from __future__ import annotations

from workbench.errors import ParameterError
from workbench.live.services.kinds.base import Kind
from workbench.live.services.kinds.elasticsearch import Elasticsearch
from workbench.live.services.kinds.kafka import Kafka
from workbench.live.services.kinds.opensearch import OpenSearch
from workbench.live.services.kinds.postgresql import PostgreSQL
from workbench.live.services.kinds.prometheus import Prometheus
from workbench.live.services.kinds.rabbitmq import RabbitMQ
from workbench.live.services.kinds.redis import Redis

__all__ = ["KINDS", "Kind", "kind"]

KINDS: dict[str, Kind] = {
    one.name: one
    for one in (
        Kafka(),
        RabbitMQ(),
        OpenSearch(),
        Elasticsearch(),
        Redis(),
        PostgreSQL(),
        Prometheus(),
    )
}


def kind(name: str) -> Kind:
    """Return the kind of that name.

    Raises
    ------
    ParameterError
        If there is none.
    """
    try:
        return KINDS[name]
    except KeyError:
        raise ParameterError.of(
            f"the service {name!r}",
            allowed=f"any of {', '.join(KINDS)}",
            hint="leave out the names for all of them",
        ) from None
