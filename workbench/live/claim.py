"""Whose turn it is: a worker claims its name, and leaves when another one has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.errors import BadInput
from workbench.live.order import Key
from workbench.live.place import Place, committed

if TYPE_CHECKING:
    from workbench.live.options import Options
    from workbench.live.outbox import Outbox
    from workbench.live.source import Source

#: What takes longer than this (s) is not known at once.
AT_ONCE = 0.5


class TakenOver(BadInput):
    """Another worker of the same name has taken over."""


def claim(options: Options, source: Source, outbox: Outbox) -> tuple[Place, Place]:
    """Claim a worker's name, so that a predecessor leaves and does not come back.

    Parameters
    ----------
    options
        Of the worker.
    source
        What it reads.
    outbox
        Its producer. Only when it is open is known what a predecessor has committed: an open
        transaction of it has ended then.

    Returns
    -------
    last, place : Place
        Where the predecessor was, and the same as the worker's own place.
    """
    begin = Key(*options.artifact.last_event)
    last = committed(source.consumer, source.all) or Place(0, options.owner, begin, {})
    here = last.offsets or source.begin()
    place = Place(last.sequence + 1, options.owner, last.key, here)
    outbox.commit(place, source.consumer)
    return last, place


def check(options: Options, source: Source) -> None:
    """Check that no other worker has taken over, as far as that is known at once.

    Raises
    ------
    TakenOver
        If one has.
    """
    from kafka.errors import KafkaError

    try:
        last = committed(source.consumer, source.all[:1], AT_ONCE)
    except KafkaError:
        return  # a transaction is open, or a broker is away
    if last is not None and last.owner != options.owner:
        raise TakenOver(
            f"another worker on the topics {options.topics.prefix}.* has taken over; this one "
            "leaves, nothing is lost. Run one worker for each --topics."
        )
