"""What runs beside a broker: the same path as in the replay, driven by Kafka.

In a notebook::

    servers = wb.live.servers("kafka", brokers=3)  # if this machine can have them
    wb.live.tail("fraud", seconds=60)              # scores and alerts as they arrive

======================  ====================================================================
:func:`servers`         start servers on this machine: :class:`~workbench.live.starting.Servers`
:func:`tail`            scores and alerts as they arrive: :class:`~workbench.live.tailing.Tail`
======================  ====================================================================

The modules, in the order in which they are best read:

What all processes share
    ``settings`` (where servers are, and as whom), ``topics`` (their names), ``fields`` and
    ``messages`` (what is on them), ``promise`` (what is not to come any more), ``clients``
    (connections to Kafka, and its errors in plain words), ``stopping`` (Ctrl-C and SIGTERM).

From a recorded stream to topics, and back
    ``publish``: ``arrivals`` (in which order), ``speed`` (how fast).
    ``record``: ``edge`` (from where to where), ``reader`` (what is read), ``recording`` (parts on
    disk, and offsets), ``assemble`` (from parts to a stream).

The worker: events and labels in, scores and alerts out, exactly once
    ``worker`` (the loop), ``options`` (what it is told), ``claim`` (whose turn it is), ``source``
    (partitions), ``intake`` (messages, good and bad), ``columns`` (many of them at once),
    ``order`` (places in it), ``merge`` (partitions come into one), ``entry`` (what is taken, and
    what is put away), ``lane`` (an artifact at work), ``lanes`` (which one is in charge),
    ``catchup`` (a further one takes over), ``alerts`` (what a person is told), ``outbox`` (the
    transaction), ``place`` (how far it came), ``checkpoints`` (its state), ``account`` (what it
    tells telemetry). Around it: ``prepare`` (looked at before), ``process`` (one process),
    ``supervisor`` (its successors).

From Kafka to people
    ``relay_alerts`` to RabbitMQ: ``routes`` (exchanges and queues), ``rabbit`` (connections),
    ``sender`` (confirms), ``offsets`` (how far it came), ``quarantine`` (what it cannot use).
    ``consumer``, with ``inbox`` and ``inserting``: a kit for whoever works on alerts, once each.
    :mod:`~workbench.live.desk`: alerts in a database, and verdicts that become labels.
    :mod:`~workbench.live.index`: scores and alerts in a search engine.
    :mod:`~workbench.live.reconcile`: whether all of them hold the same.

What is seen of it
    ``telemetry``, ``metrics`` (the table of all), ``health`` (where it is told), ``logs``.
    In notebooks: ``tailing``, ``results`` (scores and alerts as frames), ``showing``,
    ``starting`` (servers), ``tour`` (one line each for ``notebooks/live/tour.ipynb``).

Servers without Docker
    :mod:`~workbench.live.services`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.live.starting import servers
    from workbench.live.tailing import tail

__all__ = ["servers", "tail"]

_LAZY = {"servers": "workbench.live.starting", "tail": "workbench.live.tailing"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
