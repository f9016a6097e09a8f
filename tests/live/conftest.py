"""Real servers, one of each for all tests of a process, started by the first that needs it.

A test that kills servers starts its own: ``with Services(tmp_path).running("kafka") as services``.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from servers import Server, engines, had

from workbench.live.services import Services

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The servers of this test process; all are stopped at its end."""
    services = Services(tmp_path_factory.mktemp("services"))
    try:
        yield services
    finally:
        services.down()
        services.remove()


@pytest.fixture(scope="session")
def kafka(services: Services) -> Server:
    """One broker, without encryption."""
    return had(services, "kafka")


@pytest.fixture
def topics() -> str:
    """A prefix of topics that nobody has used."""
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def rabbitmq(services: Services) -> Server:
    """One node."""
    return had(services, "rabbitmq")


@pytest.fixture(scope="session")
def redis(services: Services) -> Server:
    """One server."""
    return had(services, "redis")


@pytest.fixture(scope="session")
def postgresql(services: Services) -> Server:
    """One server with the desk's database, which stays as tests leave it."""
    return had(services, "postgresql")


@pytest.fixture(scope="session")
def prometheus(services: Services) -> Server:
    """One server, with the project's alert rules."""
    return had(services, "prometheus")


@pytest.fixture(scope="session", params=engines())
def search_engines(services: Services, request: pytest.FixtureRequest) -> Server:
    """One node; each test runs with OpenSearch and, on Java 21 or newer, with Elasticsearch."""
    return had(services, request.param)
