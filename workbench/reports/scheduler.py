"""Publishing what is due: a loop in the foreground, for a terminal or a service manager."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from workbench.atomic import atomic_file
from workbench.errors import WorkbenchError
from workbench.lock import locked
from workbench.reports.publish import publish

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.reports.schedule import Entry, Schedule

_FOLDER: Final = ".schedule"
#: Seconds between two looks at the clock, which may be set or have slept meanwhile.
_LOOK: Final = 30.0


def run(
    schedule: Schedule,
    *,
    once: bool = False,
    tell: Callable[[str], None] = print,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Publish each report when it is due.

    A report whose time passed while nothing ran is made once, however often it was missed. One
    that another scheduler is making is left to it. One that fails is tried again at its next
    time. An entry that is new is due for the first time at its next time from now.

    Parameters
    ----------
    schedule
        What is due when.
    once
        Publish what is due now and return, instead of going on until interrupted.
    tell
        Takes a line for people about each report.
    now, sleep
        The clock.

    Returns
    -------
    int
        Number of reports that failed.
    """
    failed = 0
    while True:
        for entry in schedule.entries:
            failed += _publish_if_due(schedule, entry, tell, now)
        if once:
            return failed
        upcoming = schedule.upcoming(now())
        if not upcoming:
            tell(f"{schedule.file} has no entries.")
            return failed
        sleep(min(_LOOK, max(0.0, (upcoming[0][0] - now()).total_seconds())))


def _publish_if_due(
    schedule: Schedule, entry: Entry, tell: Callable[[str], None], now: Callable[[], datetime]
) -> int:
    """Publish an entry if its time has come; return 1 if that failed."""
    folder = schedule.file.parent / _FOLDER
    with locked(folder / f"{entry.name}.lock", patience=0) as free:
        state = folder / f"{entry.key}.json"
        start = now()
        last = _last(state)
        if last is None:
            _remember(state, start)
            return 0
        if not entry.after(last) <= start:
            return 0
        if not free:
            tell(f"{entry.name}: another one is being made; this one waits for it.")
            return 0
        try:
            result: Any = publish(entry.name, entry.parameters)
            tell(f"{entry.name}: {result}")
        except WorkbenchError as error:
            tell(f"{entry.name}: {error}")
            result = None
        # Written afterwards: what is killed on its way is made again.
        _remember(state, start)
        return int(result is None)


def _last(state: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(orjson.loads(state.read_bytes())["last"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(state: Any, last: datetime) -> None:
    with atomic_file(state) as temporary:
        temporary.write_bytes(orjson.dumps({"last": last.isoformat()}))
