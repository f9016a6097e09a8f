"""Structured logs: one JSON object a line on stderr, without personal data and without secrets.

A line has the time, the level, the process's role and the message, and of extra fields only those
that stand in :data:`FIELDS`: numbers and names of our own. An exception is told by its kind and
where it was raised, for its text may hold a message's values. Messages are written in our own
words; what comes from a broker never becomes one. Should a secret of the settings ever get into a
line, it is struck out there.
"""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import orjson
from pydantic import SecretStr
from pythonjsonlogger.core import BaseJsonFormatter

from workbench.live import health
from workbench.live.metrics import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pythonjsonlogger.core import LogData

    from workbench.live.settings import Settings

#: Extra fields that a line may have: none can hold an event, an entity or a person.
FIELDS = (
    "address",
    "alerts",
    "artifact",
    "attempt",
    "events",
    "exit_code",
    "labels",
    "lag",
    "messages",
    "offset",
    "partition",
    "reason",
    "seconds",
    "sink",
    "topic",
    "watermark",
)
#: Libraries whose news is of no interest, only their warnings.
QUIET = ("kafka", "pika", "opensearch", "opensearchpy", "httpx", "httpcore", "urllib3", "numba")
#: Libraries of which only errors are told: each attempt to reach a broker again is a warning of
#: kafka-python, and each slow moment of its own. Their loggers keep the level of warnings, for
#: :func:`workbench.live.clients.translated` listens to them.
CHATTY = ("kafka",)
STRUCK = "********"


def set_up(role: str, level: str = "WARNING", settings: Settings | None = None) -> None:
    """Send this process's log to stderr, a JSON object a line; what was set up before ends.

    Parameters
    ----------
    role
        Which process: ``worker``, ``desk``, …
    level
        The least level that is told.
    settings
        Whose secrets are struck out wherever they appear.

    Examples
    --------
    ::

        logs.set_up("worker", settings=settings)
        logging.getLogger(__name__).info("checkpoint written", extra={"seconds": 0.2})
    """
    handler = _Stderr()
    handler.addFilter(_worth_telling)
    handler.setFormatter(Line(role, () if settings is None else secrets(settings)))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Where metrics are is asked for by an option: it is told at any level.
    logging.getLogger(health.__name__).setLevel(logging.INFO)


def secrets(settings: Settings) -> list[str]:
    """Return the secrets of the settings, the longest first."""
    values = [value for _, value in settings if isinstance(value, SecretStr) and value]
    return sorted((value.get_secret_value() for value in values), key=len, reverse=True)


def _worth_telling(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR or record.name.partition(".")[0] not in CHATTY


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what is stderr at the moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # looked up, and never set
        return sys.stderr


class Line(BaseJsonFormatter):
    """A record of a log as one JSON object.

    Parameters
    ----------
    role
        Which process.
    hidden
        Texts that must not appear.

    Examples
    --------
    >>> record = logging.makeLogRecord(
    ...     {"msg": "taken: %d", "args": (3,), "levelname": "INFO", "created": 0, "card": "4000"})
    >>> Line("worker").format(record)
    '{"time":"1970-01-01T00:00:00.000000Z","level":"INFO","role":"worker","message":"taken: 3"}'
    """

    def __init__(self, role: str, hidden: Iterable[str] = ()) -> None:
        super().__init__()
        self.role = role
        self._hidden = [*hidden]

    def add_fields(
        self, log_data: LogData, record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Choose what is told of a record."""
        del message_dict  # a dictionary in place of a message may hold anything
        moment = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        log_data["time"] = moment.isoformat(timespec="microseconds") + "Z"
        log_data["level"] = record.levelname
        log_data["role"] = self.role
        log_data["message"] = record.message
        log_data |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if "reason" in log_data:
            log_data["reason"] = value_of("reason", str(log_data["reason"]))
        if record.exc_info and record.exc_info[1] is not None:
            log_data |= _told(record.exc_info[1])

    def process_log_record(self, log_data: LogData) -> LogData:
        """Strike out what must not appear."""
        return {name: self._struck(value) for name, value in log_data.items()}

    def jsonify_log_record(self, log_data: LogData) -> str:
        """Write it on one line."""
        return orjson.dumps(log_data, default=lambda value: type(value).__name__).decode()

    def _struck(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self._hidden:
                value = value.replace(secret, STRUCK)
        return value


def _told(error: BaseException) -> dict[str, Any]:
    """Return an exception's kind and the way to it; its text may hold what a message held."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "where": [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames],
    }
