"""What runs beside a broker: the same path as in the replay, driven by Kafka.

In a notebook::

    servers = wb.live.servers("kafka", brokers=3)  # if this machine can have them
    wb.live.tail("fraud", seconds=60)              # scores and alerts as they arrive

======================  ====================================================================
:func:`servers`         start servers on this machine: :class:`~workbench.live.starting.Servers`
:func:`tail`            scores and alerts as they arrive: :class:`~workbench.live.tailing.Tail`
======================  ====================================================================
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
