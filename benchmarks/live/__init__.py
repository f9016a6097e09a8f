"""Live: real servers on this machine, the worker beside a bare loop, and what is killed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NEEDS_HANDBOOK = False
PARTS = ("rate", "latency", "failover", "relays", "mutated")


def run(_: Path) -> None:
    """Run every part."""
    for part in PARTS:
        import_module(f"benchmarks.live.{part}").run()
        print()
