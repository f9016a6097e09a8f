"""The topics of a case: their names, and how they are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import ParameterError

if TYPE_CHECKING:
    from workbench.live.settings import Settings

PARTITIONS = 6
#: Topics of a case whose messages all processes write and read in one partition.
SINGLE = ("control",)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")


@dataclass(frozen=True, slots=True)
class Topics:
    """Names of a case's topics.

    Parameters
    ----------
    prefix
        What stands before the dot; the case's name unless given otherwise.

    Examples
    --------
    >>> Topics("fraud").scores
    'fraud.scores'
    """

    prefix: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.prefix):
            raise ParameterError.of(
                f"--topics {self.prefix!r}",
                allowed="1 to 200 letters, digits, dots, dashes and underscores",
                hint="leave it out for the case's name",
            )

    @property
    def events(self) -> str:
        """What happened."""
        return f"{self.prefix}.events"

    @property
    def labels(self) -> str:
        """What was learned later."""
        return f"{self.prefix}.labels"

    @property
    def scores(self) -> str:
        """One score for each event."""
        return f"{self.prefix}.scores"

    @property
    def alerts(self) -> str:
        """Scores that a person should look at."""
        return f"{self.prefix}.alerts"

    @property
    def quarantine(self) -> str:
        """Messages that cannot be used, with reason and place."""
        return f"{self.prefix}.quarantine"

    @property
    def control(self) -> str:
        """What the worker is told: the next artifact, and from when on."""
        return f"{self.prefix}.control"

    @property
    def shadow(self) -> str:
        """Scores of an artifact that does not count, beside the one that does."""
        return f"{self.prefix}.shadow"

    @property
    def all(self) -> tuple[str, ...]:
        """Every topic."""
        return (
            self.events,
            self.labels,
            self.scores,
            self.alerts,
            self.quarantine,
            self.control,
            self.shadow,
        )


def create(settings: Settings, topics: Topics, partitions: int = PARTITIONS) -> list[str]:
    """Make the topics that are not there; on three brokers or more, each is kept three times.

    Time stamps are the broker's: what was published from a recording of years ago is kept as
    long as what was published now, and a stamp cannot be forged.

    Parameters
    ----------
    settings
        Where the brokers are.
    topics
        The names.
    partitions
        Partitions of each topic that is made; ``control`` has one.

    Returns
    -------
    list of str
        The topics that were made.
    """
    from kafka.errors import TopicAlreadyExistsError

    from workbench.live.clients import admin, translated

    with translated(settings, f"the topics {topics.prefix}.*"), admin(settings) as client:
        there = set(client.list_topics())
        copies = min(3, len(client.describe_cluster()["brokers"]))
        made = {
            name: {
                "num_partitions": 1 if name.rpartition(".")[2] in SINGLE else partitions,
                "replication_factor": copies,
                "configs": {
                    "message.timestamp.type": "LogAppendTime",
                    "retention.ms": "-1",
                    "min.insync.replicas": str(max(1, copies - 1)),
                },
            }
            for name in topics.all
            if name not in there
        }
        if made:
            try:
                client.create_topics(made)
            except TopicAlreadyExistsError:
                return []  # another process was faster; the topics are there
            client.wait_for_topics(list(made), timeout_ms=20_000)
    return list(made)
