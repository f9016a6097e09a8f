"""What OpenSearch and Elasticsearch have in common: a node from Maven's jars, asked over HTTP."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from workbench.live.services.asking import serves
from workbench.live.services.kinds import guard
from workbench.live.services.kinds.base import Kind
from workbench.live.services.ports import listening
from workbench.live.services.search_rights import ADMIN, RIGHTS

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.live.services.processes import Launch
    from workbench.live.services.state import Node, Service

HEAP = "1g"
#: Every primary shard has its place; copies have none on a single node.
HEALTH = "_cluster/health?wait_for_status=yellow&timeout=1s"


class SearchEngine(Kind):
    """One node of a search engine; in secure mode behind HAProxy, which asks who comes."""

    ports: ClassVar[tuple[str, ...]] = ("client", "transport", "inside")

    def require(self) -> None:
        """Look for Java and Maven, and fetch the jars if they are not there yet."""
        self.jars()

    def require_secure(self) -> None:
        """Look for HAProxy, too."""
        guard.require()
        self.require()

    def prepare(self, service: Service) -> None:
        """Write the configurations of the node and of what guards it."""
        for node in service.nodes:
            self.configure(node, port(service, node))
            if service.secure:
                guard.prepare(service, node)

    def launches(self, service: Service, node: Node) -> dict[str, Launch]:
        """Return the processes: what guards the node, and the node."""
        guards = {"guard": guard.launch(node)} if service.secure else {}
        return {**guards, "server": self.launch(node, port(service, node))}

    def answers(self, service: Service, node: Node) -> bool:
        """Whether it serves what it holds."""
        if not service.secure:
            return serves(f"http://{node.at('client')}/{HEALTH}")
        # The one that guards it would note each question in the node's log until it is there.
        return listening(port(service, node)) and serves(
            f"https://{node.at('client')}/{HEALTH}",
            user=(ADMIN, service.passwords.of("search", ADMIN)),
            authority=service.certificates / "ca.pem",
        )

    def environment(self, service: Service, principal: str | None) -> dict[str, str]:
        """Return the address, and in secure mode user, password and authority.

        A principal that has nothing to ask there is told nothing.
        """
        at, user = service.nodes[0].at("client"), principal or ADMIN
        if not service.secure:
            return {"WORKBENCH_SEARCH": f"http://{at}"}
        if user not in (ADMIN, *RIGHTS):
            return {}
        return {
            "WORKBENCH_SEARCH": f"https://{at}",
            "WORKBENCH_SEARCH_USER": user,
            "WORKBENCH_SEARCH_PASSWORD": service.passwords.of("search", user),
            "WORKBENCH_SEARCH_CA": str(service.certificates / "ca.pem"),
        }

    @abstractmethod
    def jars(self) -> tuple[Path, Path]:
        """Return the Java that runs it, and the folder of its jars."""

    @abstractmethod
    def configure(self, node: Node, http: int) -> None:
        """Write the node's settings, if it takes some from files; it listens on port ``http``."""

    @abstractmethod
    def launch(self, node: Node, http: int) -> Launch:
        """Return the node's process."""


def port(service: Service, node: Node) -> int:
    """Return the port on which the node itself listens."""
    return node.ports["inside" if service.secure else "client"]
