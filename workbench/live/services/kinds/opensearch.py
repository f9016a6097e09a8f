"""OpenSearch from Maven's jars."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from workbench.live.services import jars
from workbench.live.services.java import QUICK, java
from workbench.live.services.kinds.search_engine import HEAP, SearchEngine
from workbench.live.services.processes import Launch

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.live.services.state import Node

#: The last Java that has the security manager, without which this version does not start.
NEWEST = 23


class OpenSearch(SearchEngine):
    """One node."""

    name: ClassVar[str] = "opensearch"
    insecure: ClassVar[str] = (
        "opensearch: HAProxy encrypts, asks for passwords and knows the rights; the node behind "
        "it asks nobody, on a port of its own of the loopback interface, since its security plugin "
        "is not to be had from Maven."
    )

    def configure(self, node: Node, http: int) -> None:
        """Nothing: it takes its settings from its command."""

    def launch(self, node: Node, http: int) -> Launch:
        """Return the node's process."""
        home, folder = self.jars()
        command = (
            *(str(home / "bin" / "java"), f"-Xms{HEAP}", f"-Xmx{HEAP}", *QUICK),
            "-Dlog4j2.disable.jmx=true",
            *("-cp", f"{folder / 'classes'}:{folder / 'lib'}/*", "workbench.OpenSearchNode"),
            *(str(node.folder / "data"), str(http), str(node.ports["transport"])),
        )
        return Launch(command)

    def jars(self) -> tuple[Path, Path]:
        """Return the Java that runs it, and the folder of its jars."""
        home = java(self.name, 17, NEWEST)
        return home, jars.fetched(self.name, home)
