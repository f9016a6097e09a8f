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
        If the brokers cannot be reached, there are no events and labels to read, or a right is
        missing.
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
    _allowed(settings, topics)


def _allowed(settings: Settings, topics: Topics) -> None:
    """Say which right is missing; a transaction that lacks one fails without telling which."""
    if not settings.kafka_user:
        return  # nobody in particular: brokers without users allow everything
    needed = dict.fromkeys((topics.events, topics.labels, topics.control), "READ")
    needed |= dict.fromkeys(set(topics.all) - set(needed), "WRITE")
    what = f"the topics {topics.prefix}.*"
    with clients.translated(settings, what), clients.admin(settings) as admin:
        told = admin.describe_topics(sorted(needed))
    for topic in sorted(told, key=lambda topic: str(topic["name"])):
        name, known = topic["name"], topic.get("authorized_operations")
        if known is not None and needed[name] not in known:
            raise clients.unauthorized(settings, f"the topic {name}", needed[name])
