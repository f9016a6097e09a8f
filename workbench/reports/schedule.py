"""Which report is due when: ``reports/schedule.toml``."""

from __future__ import annotations

import hashlib
import re
import shlex
import sys
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from workbench.case import case_names
from workbench.errors import ParameterError
from workbench.reports.gallery import reports

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE: Final = "schedule.toml"
_KEYS: Final = ("name", "cron", "parameters")


@dataclass(frozen=True)
class Entry:
    """A report and when it is made.

    Parameters
    ----------
    name
        The report's name.
    cron
        Minute, hour, day of the month, month, day of the week.
    parameters
        Values for the report's notebook.
    zone
        The time zone that ``cron`` is meant in.
    """

    name: str
    cron: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    zone: str = "UTC"

    @property
    def key(self) -> str:
        """Name of what is made: the same when only its times change."""
        content = orjson.dumps([self.name, self.parameters], option=orjson.OPT_SORT_KEYS)
        return f"{self.name}-{hashlib.sha256(content).hexdigest()[:8]}"

    def after(self, time: datetime) -> datetime:
        """Return the next time in UTC after ``time``.

        Examples
        --------
        >>> Entry("fraud", "0 7 * * MON").after(datetime(2026, 1, 28, tzinfo=UTC)).isoformat()
        '2026-02-02T07:00:00+00:00'
        """
        from cronsim import CronSim

        return next(CronSim(self.cron, time.astimezone(ZoneInfo(self.zone)))).astimezone(UTC)

    @property
    def command(self) -> str:
        """The command that publishes it once."""
        options = [
            part
            for name, value in self.parameters.items()
            for part in ("-p", f"{name}={_option(value)}")
        ]
        return shlex.join(["workbench", "report", self.name, *options])


@dataclass(frozen=True)
class Schedule:
    """The entries of a schedule, and where it lies."""

    file: Path
    entries: tuple[Entry, ...]

    @classmethod
    def load(cls, file: Path | None = None) -> Schedule:
        """Read a schedule.

        Parameters
        ----------
        file
            ``reports/schedule.toml`` of the project if not given.

        Raises
        ------
        ParameterError
            If it is not there or something in it cannot be used; the message names the line.
        """
        file = file or reports() / FILE
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise ParameterError.of(
                f"{file} as a schedule",
                allowed="a file with [[report]] entries",
                hint="call this from the project's folder, or write one as reports/README.md shows",
            ) from error
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ParameterError.of(
                f"{file}: {error}", allowed="TOML", hint="correct that line"
            ) from error
        return cls(file, tuple(_Reader(file, text).entries(document)))

    def upcoming(self, now: datetime) -> list[tuple[datetime, Entry]]:
        """Return the next time of each entry, soonest first."""
        return sorted(((e.after(now), e) for e in self.entries), key=lambda pair: pair[0])

    def crontab(self) -> str:
        """Return the entries as lines for ``crontab``.

        Raises
        ------
        ParameterError
            If an entry uses a word that cron does not know (``L``, ``#``).
        """
        folder = shlex.quote(str(self.file.resolve().parent.parent))
        python = shlex.quote(sys.executable)
        lines = []
        for entry in self.entries:
            if re.search(r"[L#]", re.sub("JUL", "", entry.cron.upper())):
                raise ParameterError.of(
                    f"the times {entry.cron!r} in a crontab",
                    allowed="numbers, names, * , - and /",
                    hint="let workbench schedule run publish it, which knows L and #",
                )
            call = entry.command.replace("workbench", f"{python} -m workbench.cli", 1)
            # A bare % ends the command in a crontab.
            lines.append(f"{entry.cron} cd {folder} && {call}".replace("%", r"\%"))
        zones = sorted({entry.zone for entry in self.entries})
        head = [
            f"# From {self.file.name}, in the time zone {', '.join(zones) or 'UTC'}.",
            "# Where cron does not know CRON_TZ, it takes the machine's zone.",
            *(f"CRON_TZ={zone}" for zone in zones),
        ]
        return "\n".join([*head, *lines]) + "\n"


class _Reader:
    """Reads entries and knows on which line each stands."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._heads = [
            i for i, line in enumerate(self._lines) if re.match(r"\s*\[\[report\]\]", line)
        ]

    def entries(self, document: Mapping[str, Any]) -> list[Entry]:
        for name in document:
            if name not in ("report", "timezone"):
                self._fail(None, name, f"the key {name!r}", "timezone and [[report]]", "correct it")
        zone = document.get("timezone", "UTC")
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
            self._fail(
                None,
                "timezone",
                f"the time zone {zone!r}",
                "a name such as Europe/Berlin",
                "leave it out for UTC",
            )
        listed = document.get("report", [])
        if not isinstance(listed, list) or not all(isinstance(e, dict) for e in listed):
            self._fail(
                None,
                "report",
                "a report that is no list",
                "[[report]] entries",
                "write two brackets",
            )
        return [self._entry(i, values, zone) for i, values in enumerate(listed)]

    def _entry(self, number: int, values: Mapping[str, Any], zone: str) -> Entry:
        for key in values:
            if key not in _KEYS:
                self._fail(number, key, f"the key {key!r}", ", ".join(_KEYS), "correct it")
        name, cron = values.get("name"), values.get("cron")
        given = values.get("parameters", {})
        if name not in case_names():
            self._fail(
                number,
                "name",
                f"the report {name!r}",
                " or ".join(case_names()),
                "name a case that has a report",
            )
        if not isinstance(given, dict):
            self._fail(
                number,
                "parameters",
                f"the parameters {given!r}",
                "a table",
                "write for instance parameters = { budget = 50 }",
            )
        if not isinstance(cron, str) or not _is_cron(cron):
            self._fail(
                number,
                "cron",
                f"the times {cron!r}",
                "minute, hour, day of the month, month and day of the week",
                'write for instance "0 7 * * MON" for Mondays at seven',
            )
        return Entry(str(name), str(cron), given, zone)

    def _fail(self, number: int | None, key: str, value: str, allowed: str, hint: str) -> None:
        line = self._line(number, key)
        raise ParameterError.of(f"{self._file} line {line}: {value}", allowed=allowed, hint=hint)

    def _line(self, number: int | None, key: str) -> int:
        """Return the line of a key, or of its entry where the key is not written."""
        heads = [*self._heads, len(self._lines)]
        start, end = (0, len(self._lines)) if number is None else heads[number : number + 2]
        pattern = re.compile(rf'\s*(\[+report\.)?"?{re.escape(key)}"?\s*[]=]')
        for i in range(start, end):
            if pattern.match(self._lines[i]):
                return i + 1
        return start + 1


def _is_cron(text: str) -> bool:
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        return False
    return len(text.split()) == 5


def _option(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
