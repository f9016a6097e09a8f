"""Elasticsearch from Maven's jars, for tests: a node of its own code, started by the project."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from workbench.errors import ServiceError
from workbench.live.services import jars
from workbench.live.services.java import QUICK, java
from workbench.live.services.kinds.search_engine import HEAP, SearchEngine
from workbench.live.services.processes import Launch

if TYPE_CHECKING:
    from workbench.live.services.state import Node

LOGGING = jars.SOURCES / "elasticsearch" / "log4j2.properties"
NETWORK = "transport-netty4"
#: What belongs to the module that speaks HTTP, and must not be among the node's own jars.
OF_NETWORK = (NETWORK, "netty-", "elasticsearch-ssl-config")
DESCRIPTION = """\
description=Answers GET /
version={version}
name=root
java.version=21
elasticsearch.version={version}
classname=workbench.root.RootPlugin
"""
#: What the node's own start would tell Java.
OPENED = (
    "--enable-native-access=ALL-UNNAMED,org.elasticsearch.nativeaccess,"
    "org.elasticsearch.foreign,org.apache.lucene.core",
    "--add-opens=org.apache.lucene.core/org.apache.lucene.codecs.lucene99=org.elasticsearch.server",
    "--add-opens=org.apache.lucene.core/org.apache.lucene.internal.vectorization="
    "org.elasticsearch.server",
    "--add-modules=jdk.net,ALL-MODULE-PATH",
)


class Elasticsearch(SearchEngine):
    """One node, for tests only: without Elastic's own start, and so without its safeguards."""

    name: ClassVar[str] = "elasticsearch"
    remark: ClassVar[str] = (
        "elasticsearch: for tests only: without Elastic's own start, and so without its safeguards."
    )
    insecure: ClassVar[str] = (
        "elasticsearch: HAProxy encrypts, asks for passwords and knows the rights; "
        "the node behind it asks nobody, on a port of its own of the loopback interface, since its "
        "security is not to be had from Maven."
    )

    def configure(self, node: Node, http: int) -> None:
        """Write the node's settings."""
        folder = node.folder / "config"
        folder.mkdir(exist_ok=True)
        (node.folder / "tmp").mkdir(exist_ok=True)
        shutil.copy(LOGGING, folder)
        (folder / "elasticsearch.yml").write_text(_settings(node, http))

    def launch(self, node: Node, http: int) -> Launch:
        """Return the node's process."""
        del http  # among its settings
        home, folder = self.jars()
        server, native = folder / "server", folder / "server" / "native"
        properties = {
            "es.distribution.type": "tar",
            "es.nativelibs.path": native,
            "es.path.conf": node.folder / "config",
            "es.path.home": server,
            "io.netty.allocator.numDirectArenas": 0,
            "io.netty.noUnsafe": "true",
            "java.io.tmpdir": node.folder / "tmp",
            "java.library.path": native,
            "jna.nosys": "true",
            "log4j.shutdownHookEnabled": "false",
            "log4j2.disable.jmx": "true",
            "org.elasticsearch.nativeaccess.enableVectorLibrary": "false",
        }
        command = (
            *(str(home / "bin" / "java"), f"-Xms{HEAP}", f"-Xmx{HEAP}", *QUICK),
            *(f"-D{name}={value}" for name, value in properties.items()),
            *(*OPENED, "--module-path", str(server / "lib"), "-cp", str(folder / "classes")),
            *("workbench.ElasticsearchNode", str(server), str(node.folder / "config")),
        )
        return Launch(command)

    def jars(self) -> tuple[Path, Path]:
        """Return the Java that runs it, and the folder of its jars."""
        home = java(self.name, 21)
        return home, jars.fetched(self.name, home, _arrange)


def _settings(node: Node, http: int) -> str:
    settings = {
        "cluster.name": "workbench",
        "node.name": "workbench",
        "network.host": "127.0.0.1",
        "http.port": http,
        "transport.port": node.ports["transport"],
        "discovery.type": "single-node",
        "path.data": node.folder / "data",
        "path.logs": node.folder / "log",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }
    return "".join(f"{name}: {value}\n" for name, value in settings.items())


def _arrange(folder: Path) -> None:
    """Lay out what Maven brought as the node wants to find it."""
    server = folder / "server"
    network, root = server / "modules" / NETWORK, server / "modules" / "root"
    for made in (server / "lib", network, root, server / "plugins", server / "native"):
        made.mkdir(parents=True)
    for jar in sorted((folder / "lib").iterdir()):
        jar.rename((network if jar.name.startswith(OF_NETWORK) else server / "lib") / jar.name)
    (folder / "lib").rmdir()

    (jar,) = network.glob(f"{NETWORK}-*.jar")
    version = re.sub(rf"^{NETWORK}-|\.jar$", "", jar.name)
    with zipfile.ZipFile(jar) as packed:
        for name in ("plugin-descriptor.properties", "entitlement-policy.yaml"):
            (network / name).write_bytes(packed.read(f"META-INF/es-plugins/{NETWORK}/{name}"))

    (root / "plugin-descriptor.properties").write_text(DESCRIPTION.format(version=version))
    classes = folder / "classes"
    with zipfile.ZipFile(root / "root.jar", "w") as packed:
        for compiled in sorted((classes / "workbench" / "root").iterdir()):
            packed.write(compiled, compiled.relative_to(classes))
    shutil.rmtree(classes / "workbench" / "root")
    (server / "native" / "libzstd.so").symlink_to(_zstd())


def _zstd() -> Path:
    """Return the system's library of that name, with which the node compresses."""
    for pattern in ("lib/*/libzstd.so.1", "lib64/libzstd.so.1", "lib/libzstd.so.1"):
        for found in Path("/usr").glob(pattern):
            return found.resolve()
    raise ServiceError(
        "elasticsearch needs the library libzstd, which is not on this machine: "
        "apt-get install --no-install-recommends libzstd1 brings it."
    )
