"""Servers on this machine, without Docker: ``workbench services``, and the same for tests.

- :mod:`~workbench.live.services.services`: :class:`Services`, which starts and stops them.
- :mod:`~workbench.live.services.kinds`: what each kind of server needs.
- :mod:`~workbench.live.services.state`, :mod:`~workbench.live.services.processes`: what runs.
- :mod:`~workbench.live.services.jars`: servers that Maven brings.
- :mod:`~workbench.live.services.passwords`, :mod:`~workbench.live.services.certificates`,
  :mod:`~workbench.live.services.rights`: who may do what.
"""

from __future__ import annotations

from workbench.live.services.services import Services
from workbench.live.services.state import Node, Service

__all__ = ["Node", "Service", "Services"]
