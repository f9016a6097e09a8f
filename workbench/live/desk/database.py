"""The desk's database: SQLite unless a URL says otherwise, and its errors in plain words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.errors import ParameterError
from workbench.live.clients import Away, LiveError
from workbench.project import home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

    from workbench.live.settings import Settings

#: Where it is unless said otherwise, below the project's folder.
FILE = "build/desk/desk.sqlite"
#: Seconds for which a connection, or another process's lock, is waited for.
PATIENCE = 10
_ALLOWED = "sqlite:///FILE or postgresql+psycopg://user@host:port/database, without a password"
_HINT = "correct it; the password is WORKBENCH_DATABASE_PASSWORD"
#: What databases say of themselves when the same may succeed later.
_LATER = (
    "connection refused",
    "connection reset",
    "server closed the connection",
    "terminating connection",
    "starting up",
    "shutting down",
    "not yet accepting connections",
    "recovery mode",
    "database is locked",
    "timeout expired",
    "too many clients",
    "deadlock detected",
)


def address(settings: Settings, given: str | None = None) -> URL:
    """Return the database's URL, its password from the settings.

    Parameters
    ----------
    settings
        Its ``database`` counts where none is given; then a file below the project's folder.
    given
        A URL without a password.

    Raises
    ------
    ParameterError
        If it is none, or has a password in it; the URL is not shown then.
    """
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    text = given or settings.database
    if not text:
        return URL.create("sqlite", database=str(home() / FILE))
    name = "--database" if given else "WORKBENCH_DATABASE"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    kind = url.drivername if url is not None else ""
    if url is None or url.password is not None or "password" in url.query:
        raise ParameterError.of(name, allowed=_ALLOWED, hint=_HINT)
    if kind == "sqlite" and url.database:
        return url
    if kind in ("postgresql", "postgresql+psycopg") and url.host and url.database:
        word = settings.database_password.get_secret_value()
        return url.set(drivername="postgresql+psycopg", password=word or None)
    raise ParameterError.of(name, allowed=_ALLOWED, hint=_HINT)


@contextmanager
def opened(settings: Settings, given: str | None = None) -> Iterator[Engine]:
    """Give the desk's database as :func:`open_database` does, and close it after the block."""
    engine = open_database(settings, given)
    try:
        yield engine
    finally:
        engine.dispose()


def open_database(settings: Settings, given: str | None = None) -> Engine:
    """Connect to the desk's database, and make its tables if they are not there.

    Parameters
    ----------
    settings, given
        See :func:`address`.

    Raises
    ------
    LiveError
        If it cannot be reached, or refuses.
    """
    from pathlib import Path

    from sqlalchemy import create_engine

    url = address(settings, given)
    if url.drivername == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": PATIENCE})
    else:
        options = {"connect_timeout": PATIENCE, "application_name": "workbench"}
        engine = create_engine(url, connect_args=options, pool_pre_ping=True)
    try:
        with translated(engine, "making its tables"):
            _make(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _make(engine: Engine) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from workbench.live.desk.tables import METADATA

    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            # Who reads does not wait for who writes.
            connection.execute(text("PRAGMA journal_mode=WAL"))
    try:
        METADATA.create_all(engine)
    except DBAPIError as error:
        if "already exists" not in str(error) and "unique constraint" not in str(error):
            raise
        METADATA.create_all(engine)  # another process made some of them meanwhile


@contextmanager
def translated(engine: Engine, what: str) -> Iterator[None]:
    """Say in one paragraph what the database did not do, and why.

    Raises
    ------
    Away
        If the same may succeed later.
    LiveError
        If a person has to do something.
    sqlalchemy.exc.DBAPIError
        If the data are to blame: they are the caller's.
    """
    from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
    from sqlalchemy.exc import TimeoutError as Waited

    try:
        yield
    except (DataError, IntegrityError):
        raise
    except (DBAPIError, Waited) as error:
        raise _explained(engine, what, error) from error


def _explained(engine: Engine, what: str, error: Exception) -> LiveError:
    url = engine.url.set(password=None)
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    lower = said.lower()
    where = f"the database {url.render_as_string()}"
    if "password" in lower and ("authentication failed" in lower or "no password" in lower):
        return LiveError.of(
            f"the password of the user {url.username!r} for {where}",
            allowed="the name and password of a user that it knows",
            hint="set the user in the URL and WORKBENCH_DATABASE_PASSWORD",
        )
    if any(words in lower for words in ("translate host", "resolve host", "name or service")):
        return Away.of(
            f"the host {url.host!r} of {where}, which is unknown,",
            allowed="a host that is known",
            hint="correct WORKBENCH_DATABASE or --database",
        )
    if "permission denied" in lower or "insufficientprivilege" in type(error).__name__.lower():
        return LiveError.of(
            f"{what} in {where} (a right is missing: {said})",
            allowed="a user with the right to it",
            hint="give the right, or be another user in the URL",
        )
    if getattr(error, "connection_invalidated", False) or any(w in lower for w in _LATER):
        return Away.of(
            f"{where}, which does not answer ({said}),",
            allowed="a database that is up",
            hint="start it, for instance with `workbench services up postgresql`, or correct "
            "WORKBENCH_DATABASE or --database",
        )
    return LiveError(
        f"{where} did not do what was asked of it, {what} ({said}). Look at its disk and its log, "
        "or take another one with --database."
    )
