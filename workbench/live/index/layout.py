"""How scores and alerts lie in the search engine: names, mappings and an index for each day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from workbench.durations import DAY
from workbench.errors import ParameterError

Kind = Literal["scores", "alerts"]

KINDS: tuple[Kind, ...] = ("scores", "alerts")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,199}")
_DAY = re.compile(r"-(\d{4})\.(\d\d)\.(\d\d)")
_EPOCH = date(1970, 1, 1)

# Longer ones are kept and shown; the engine could not look for them.
_WORD = {"type": "keyword", "ignore_above": 8191}
_COMMON: dict[str, Any] = {
    "event_id": _WORD,
    # Nanoseconds, for a date in milliseconds would lose what lies between.
    "event_time": {"type": "date_nanos"},
    "entity": _WORD,
    "artifact": _WORD,
    "late": {"type": "boolean"},
    # As it was sent: neither text that looks like a number nor rounded.
    "score": {"type": "double", "coerce": False},
    "items": _WORD,
}
_FIELDS: dict[Kind, dict[str, Any]] = {
    "scores": _COMMON,
    "alerts": _COMMON
    | {
        "alert_id": _WORD,
        "threshold": {"type": "double", "coerce": False},
        "severity": _WORD,
        # A feature's value may be a number here and text there: kept, and not looked into.
        "reasons": {"type": "object", "enabled": False},
    },
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of a case's indices.

    Parameters
    ----------
    prefix
        The topics' prefix.

    Examples
    --------
    >>> layout = Layout("fraud")
    >>> layout.index("scores", 1_522_540_800_000_000)
    'fraud-scores-2018.04.01'
    >>> layout.day("fraud-scores-2018.04.01") == 1_522_540_800_000_000 // DAY
    True
    """

    prefix: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.prefix):
            raise ParameterError.of(
                f"--topics {self.prefix!r} as the name of an index",
                allowed="small letters, digits, dots, dashes and underscores, beginning with a "
                "letter or a digit",
                hint="choose another prefix for topics that are to be searched",
            )

    def alias(self, kind: Kind) -> str:
        """Return the name under which all days are searched."""
        return f"{self.prefix}-{kind}"

    def index(self, kind: Kind, time: int) -> str:
        """Return the name of the index in which an event time (µs since 1970) lies."""
        return self.index_of_day(kind, time // DAY)

    def index_of_day(self, kind: Kind, day: int) -> str:
        """Return the name of a day's index; days are counted from 1970."""
        return f"{self.prefix}-{kind}-{_EPOCH + timedelta(days=day):%Y.%m.%d}"

    def day(self, index: str) -> int | None:
        """Return the day of an index, or ``None`` if it is not one of these."""
        for kind in KINDS:
            rest = index.removeprefix(self.alias(kind))
            if rest != index and (found := _DAY.fullmatch(rest)):
                try:
                    return (date(*map(int, found.groups())) - _EPOCH).days
                except ValueError:
                    return None
        return None

    def template(self, kind: Kind, keep: int) -> dict[str, Any]:
        """Return the template by which every index of a kind is made.

        Parameters
        ----------
        kind
            Scores or alerts.
        keep
            For how many days before the newest one indices are kept; noted there for those who
            only read.
        """
        return {
            "index_patterns": [f"{self.alias(kind)}-*"],
            # Of two prefixes of which one begins with the other, the longer one counts; and both
            # before those that come with the engine (100).
            "priority": 200 + len(self.prefix),
            "_meta": {"keep_days": keep},
            "template": {
                "aliases": {self.alias(kind): {}},
                "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
                "mappings": {"dynamic": "strict", "properties": _FIELDS[kind]},
            },
        }
