"""What is looked at before a worker starts: the artifact, the brokers and the topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.artifacts.artifact import Artifact
from workbench.errors import ArtifactError
from workbench.live import clients
from workbench.live.topics import Topics, create

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.live.settings import Settings


def prepare(case: str, artifact: Path, prefix: str, settings: Settings) -> None:
    """Check what a worker needs, and make the topics that it writes if they are not there.

    Raises
    ------
    ArtifactError
        If the artifact is damaged or of another case.
    LiveError
        If the brokers cannot be reached, or there are no events and labels to read.
    """
    opened, topics = Artifact.open(artifact), Topics(prefix)
    opened.verify()
    opened.alert_policy()
    if opened.case != case:
        raise ArtifactError.of(
            f"{artifact} (an artifact of the case {opened.case!r})",
            allowed=f"an artifact of the case {case!r}",
            hint="choose another artifact, or that case",
        )
    consumer = clients.consumer(settings)
    try:
        for topic in (topics.events, topics.labels):
            clients.partitions(consumer, settings, topic)
        there = consumer.topics()
    finally:
        consumer.close(autocommit=False)
    if not there.issuperset(topics.all):
        create(settings, topics)
