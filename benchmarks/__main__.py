"""Run benchmarks: ``python -m benchmarks [NAME ...] [--data FILE]``.

Each prints a table in Markdown; the figures in the README come from here.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.data import HANDBOOK

NAMES = (
    "quality",
    "speed",
    "growth",
    "tuning",
    "resume",
    "simulator",
    "recommend",
    "recommend_settings",
    "vitals",
    "live",
)


def main() -> int:
    """Run the named benchmarks, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}")
    parser.add_argument("--data", type=Path, default=HANDBOOK, help="the Handbook's transactions")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        parser.error(f"{unknown[0]!r} is none of {', '.join(NAMES)}")
    for name in given.names or NAMES:
        module = import_module(f"benchmarks.{name}")
        print(f"\n## {module.__doc__.splitlines()[0]}\n", flush=True)
        if module.NEEDS_HANDBOOK and not given.data.exists():
            print(f"Left out: {given.data} is not there. Give the file with --data FILE.")
            continue
        module.run(given.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
