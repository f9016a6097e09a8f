"""The ``.env`` beside ``compose.yaml``: its passwords, and the settings of its clients.

So ``WORKBENCH_SETTINGS=.env`` is all that a process needs to find the servers in Docker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.live.services.ports import HOST

if TYPE_CHECKING:
    from workbench.live.services.passwords import Passwords

FILE = ".env"
COMPOSE = "compose.yaml"


def settings(passwords: Passwords) -> dict[str, str]:
    """Return the settings, ``WORKBENCH_…``, of the administrators of what runs in Docker.

    Parameters
    ----------
    passwords
        Those with which the servers were started.
    """
    return {
        "WORKBENCH_KAFKA": ",".join(f"{HOST}:{port}" for port in (29091, 29092, 29093)),
        "WORKBENCH_KAFKA_USER": "admin",
        "WORKBENCH_KAFKA_PASSWORD": passwords.of("kafka", "admin"),
        "WORKBENCH_RABBITMQ": f"amqp://workbench@{HOST}:5672/%2F",
        "WORKBENCH_RABBITMQ_PASSWORD": passwords.of("rabbitmq", "workbench"),
        "WORKBENCH_RABBITMQ_API": f"http://{HOST}:15672",
        "WORKBENCH_SEARCH": f"http://{HOST}:9200",
        "WORKBENCH_SEARCH_USER": "elastic",
        "WORKBENCH_SEARCH_PASSWORD": passwords.of("search", "elastic"),
        "WORKBENCH_REDIS": f"redis://workbench@{HOST}:6379/0",
        "WORKBENCH_REDIS_PASSWORD": passwords.of("redis", "workbench"),
        "WORKBENCH_PROMETHEUS": f"http://{HOST}:9090",
    }
