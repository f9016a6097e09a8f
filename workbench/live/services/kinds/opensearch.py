"""OpenSearch from Maven's jars."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from workbench.live.services import jars
from workbench.live.services.asking import serves
from workbench.live.services.java import java
from workbench.live.services.kinds.base import Kind
from workbench.live.services.processes import Launch

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.live.services.state import Node, Service

HEAP = "1g"
#: The last Java that has the security manager, without which this version does not start.
NEWEST = 23
#: Every primary shard has its place; copies have none on a single node.
HEALTH = "_cluster/health?wait_for_status=yellow&timeout=1s"


class OpenSearch(Kind):
    """One node."""

    name: ClassVar[str] = "opensearch"
    ports: ClassVar[tuple[str, ...]] = ("client", "transport")
    insecure: ClassVar[str] = (
        "opensearch: without encryption and password, since its security plugin is not to be had "
        "from Maven; it listens on the loopback interface alone."
    )

    def require(self) -> None:
        """Look for Java and Maven, and fetch the jars if they are not there yet."""
        self._jars()

    def prepare(self, service: Service) -> None:
        """Nothing: it takes its settings from its command."""

    def launches(self, service: Service, node: Node) -> dict[str, Launch]:
        """Return the node's process."""
        del service
        home, folder = self._jars()
        command = (
            *(str(home / "bin" / "java"), f"-Xms{HEAP}", f"-Xmx{HEAP}"),
            *("-Djava.awt.headless=true", "-Dlog4j2.disable.jmx=true"),
            *("-cp", f"{folder / 'classes'}:{folder / 'lib'}/*", "workbench.OpenSearchNode"),
            *(str(node.folder / "data"), str(node.ports["client"]), str(node.ports["transport"])),
        )
        return {"server": Launch(command)}

    def answers(self, service: Service, node: Node) -> bool:
        """Whether it serves what it holds."""
        del service
        return serves(f"http://{node.at('client')}/{HEALTH}")

    def environment(self, service: Service, principal: str | None) -> dict[str, str]:
        """Return the address."""
        del principal
        return {"WORKBENCH_SEARCH": f"http://{service.nodes[0].at('client')}"}

    def _jars(self) -> tuple[Path, Path]:
        home = java(self.name, 17, NEWEST)
        return home, jars.fetched(self.name, home)
