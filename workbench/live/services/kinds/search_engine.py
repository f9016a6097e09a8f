"""What OpenSearch and Elasticsearch have in common: a node from Maven's jars, asked over HTTP."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from workbench.live.services.asking import serves
from workbench.live.services.kinds.base import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.live.services.state import Node, Service

HEAP = "1g"
#: Every primary shard has its place; copies have none on a single node.
HEALTH = "_cluster/health?wait_for_status=yellow&timeout=1s"


class SearchEngine(Kind):
    """One node of a search engine."""

    ports: ClassVar[tuple[str, ...]] = ("client", "transport")

    def require(self) -> None:
        """Look for Java and Maven, and fetch the jars if they are not there yet."""
        self.jars()

    def answers(self, service: Service, node: Node) -> bool:
        """Whether it serves what it holds."""
        del service
        return serves(f"http://{node.at('client')}/{HEALTH}")

    def environment(self, service: Service, principal: str | None) -> dict[str, str]:
        """Return the address."""
        del principal
        return {"WORKBENCH_SEARCH": f"http://{service.nodes[0].at('client')}"}

    @abstractmethod
    def jars(self) -> tuple[Path, Path]:
        """Return the Java that runs it, and the folder of its jars."""
