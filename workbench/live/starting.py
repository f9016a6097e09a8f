"""Servers for a notebook: started if this machine can have them, else said how to get them."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from html import escape
from typing import TYPE_CHECKING

from workbench.errors import ServiceError

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.live.services import Services


class Servers:
    """What :func:`servers` has started, or why it could not; true if all are up.

    Attributes
    ----------
    names
        What was asked for.
    services
        To stop, kill and start single ones.
    missing
        For each that cannot be had, how to get it.
    """

    def __init__(
        self, names: tuple[str, ...], services: Services, missing: list[str], *, passing: bool
    ) -> None:
        self.names = names
        self.services = services
        self.missing = missing
        self._passing = passing
        self._before: dict[str, str | None] = {}

    def up(self, brokers: int) -> None:
        """Start them, and let this process and its children find them by ``WORKBENCH_…``."""
        # Also where nobody stops them: a server must not outlive a notebook.
        atexit.register(self.down)
        self.services.up(*self.names, brokers=brokers)
        settings = self.services.environment(None, *self.names)
        self._before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)

    def down(self) -> None:
        """Stop them; the environment is as it was before, and what was only for now is removed."""
        atexit.unregister(self.down)
        self.services.down(*self.names)
        if self._passing:
            shutil.rmtree(self.services.folder, ignore_errors=True)
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._before = {}

    def __bool__(self) -> bool:
        return not self.missing

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *exception: object) -> None:
        if self:
            self.down()

    def __str__(self) -> str:
        return f"{', '.join(self.names)}: up" if self else "\n".join(self.missing)

    def __repr__(self) -> str:
        return f"<Servers {self}>"

    def _repr_html_(self) -> str:
        return "<br>".join(map(escape, str(self).splitlines()))


def servers(*names: str, brokers: int = 1, folder: Path | str | None = None) -> Servers:
    """Start servers on this machine and let this process find them.

    Parameters
    ----------
    *names
        Which, as in ``workbench services up``; Kafka if none is given.
    brokers
        How many brokers of Kafka: 1, or 3 of which one may die.
    folder
        Where their data and logs lie and stay; a temporary one if not given, so that servers
        that were started before are not touched.

    Returns
    -------
    Servers
        True if they are up, and their addresses in the environment; else it says what is
        missing and how to get it. ``down()`` stops them.

    Raises
    ------
    ParameterError
        If there is no such server, or they were set up in another way before.
    ServiceError
        If one can be had and does not start.

    Examples
    --------
    ::

        servers = wb.live.servers("kafka", brokers=3)
        servers  # "kafka: up", or how to get it
    """
    from workbench.live.services import Services
    from workbench.live.services.kinds import kind

    missing = []
    for one in [kind(name) for name in names or ("kafka",)]:
        try:
            one.require()
        except ServiceError as error:
            missing.append(str(error))
    place = folder or tempfile.mkdtemp(prefix="workbench-services-")
    found = Servers(names or ("kafka",), Services(place), missing, passing=folder is None)
    if found:
        found.up(brokers)
    else:
        found.down()
    return found
