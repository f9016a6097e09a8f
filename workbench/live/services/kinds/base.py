"""What every kind of server has in common."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from workbench.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workbench.live.services.processes import Launch
    from workbench.live.services.state import Node, Service


#: Where servers lie beside the folders of the path.
SYSTEM = ("/usr/local/bin", "/usr/bin", "/usr/sbin")


class Kind(ABC):
    """One kind of server: what it needs, how it is set up and started, when it answers.

    It holds nothing: what is known of a service lies in its :class:`Service`.
    """

    #: How people call it.
    name: ClassVar[str]
    #: The ports that each of its servers needs, by their use; the first is the one for clients.
    ports: ClassVar[tuple[str, ...]]
    #: Seconds within which it must answer after its start, on a machine that is busy.
    patience: ClassVar[float] = 120.0
    #: What to say whenever it is started.
    remark: ClassVar[str] = ""
    #: What to say where ``secure`` cannot do everything: encryption, users and rights.
    insecure: ClassVar[str] = ""

    @abstractmethod
    def require(self) -> None:
        """Look whether it can be had here.

        Raises
        ------
        ServiceError
            If not; says how to get what is missing.
        """

    def require_secure(self) -> None:
        """Look whether it can be had here with all that ``secure`` needs.

        Raises
        ------
        ServiceError
            If not; says how to get what is missing.
        """
        self.require()

    @abstractmethod
    def prepare(self, service: Service) -> None:
        """Write its configuration, anew before each start, into the folders of its servers."""

    @abstractmethod
    def launches(self, service: Service, node: Node) -> dict[str, Launch]:
        """Return the processes of a server in the order of their start, ``"server"`` the last."""

    @abstractmethod
    def answers(self, service: Service, node: Node) -> bool:
        """Whether a server does what it is for; asked again until it does."""

    def settle(self, service: Service) -> None:
        """Do what needs running servers, after each ``up``: users, rights."""
        del service

    def discard(self, service: Service) -> None:
        """Remove what it keeps outside its folder, when it was stopped."""
        del service

    @abstractmethod
    def environment(self, service: Service, principal: str | None) -> Mapping[str, str]:
        """Return the settings, ``WORKBENCH_…``, with which clients reach it.

        Parameters
        ----------
        service
            Where it runs.
        principal
            The process whose user and password are wanted; the administrator's if ``None``.
        """


def program(name: str, package: str, first: Path | None = None) -> str:
    """Return the path of a program of the system.

    Parameters
    ----------
    name
        The program.
    package
        The Debian package that brings it.
    first
        A folder that comes before all others.

    Raises
    ------
    ServiceError
        If it is not there; names the package that brings it.
    """
    places = [*([str(first)] if first else []), os.environ.get("PATH", os.defpath), *SYSTEM]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise ServiceError(
            f"{package} is not on this machine (no program {name!r}): "
            f"apt-get install --no-install-recommends {package} brings it."
        )
    return found
