"""A real server that tests speak to, and how it is had."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from workbench.errors import ServiceError
from workbench.live.services.java import java
from workbench.live.services.kinds import kind
from workbench.live.settings import PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.live.services import Services


@dataclass(frozen=True)
class Server:
    """A server that is up.

    Attributes
    ----------
    name
        Its name in ``workbench services``.
    environment
        The variables with which a process of its own finds it.
    services
        What started it; other tests use the same server, so leave it as it was found.
    """

    name: str
    environment: dict[str, str] = field(repr=False)
    services: Services

    @property
    def settings(self) -> Settings:
        """The same for this process."""
        values = {k.removeprefix(PREFIX).lower(): v for k, v in self.environment.items()}
        return Settings.model_validate(values)


def until(condition: Callable[[], object], within: float = 60.0) -> None:
    """Wait until a condition holds; fail when it does not in time (seconds)."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"not within {within:.0f} s: {condition}"
        time.sleep(0.05)


def engines() -> list[str]:
    """Return the search engines to test with; Elasticsearch where a Java that runs it is found."""
    try:
        java("elasticsearch", 21)
    except ServiceError:
        return ["opensearch"]  # `.ci/packages` says so
    return ["opensearch", "elasticsearch"]


def had(services: Services, name: str) -> Server:
    """Return a server that is up; skip the test, and say why, where it cannot be had."""
    try:
        kind(name).require()
    except ServiceError as error:
        pytest.skip(str(error))
    services.up(name)
    return Server(name, services.environment(None, name), services)
