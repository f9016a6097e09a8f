"""Apache Kafka in KRaft mode: one broker, or a cluster of three, from Maven's jars."""

from __future__ import annotations

import base64
import subprocess
import uuid
from typing import TYPE_CHECKING, ClassVar

from workbench.case import case_names
from workbench.errors import ServiceError
from workbench.live.services import jars
from workbench.live.services.asking import ask_kafka
from workbench.live.services.java import QUICK, java
from workbench.live.services.kinds import kafka_properties
from workbench.live.services.kinds.base import Kind
from workbench.live.services.passwords import private
from workbench.live.services.processes import Launch, basics

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.live.services.state import Node, Service

LOGGING = jars.SOURCES / "kafka" / "log4j2.properties"
PROPERTIES = "server.properties"
ARGUMENTS = "format.args"
HEAP = "512m"


class Kafka(Kind):
    """Brokers that are also the controllers of their cluster."""

    name: ClassVar[str] = "kafka"
    ports: ClassVar[tuple[str, ...]] = ("client", "controller")

    def require(self) -> None:
        """Look for Java and Maven, and fetch the jars if they are not there yet."""
        self._jars()

    def prepare(self, service: Service) -> None:
        """Write each broker's properties; format its folder if it is new."""
        formatting = []
        cluster = _cluster_id(service)
        for node in service.nodes:
            private(node.folder / PROPERTIES, kafka_properties.text(service, node))
            if not (node.folder / "data" / "meta.properties").exists():
                formatting.append(self._format(service, node, cluster))
        said = [(running.communicate()[0], running.returncode) for running in formatting]
        for node in service.nodes:
            (node.folder / ARGUMENTS).unlink(missing_ok=True)
        for text, code in said:
            if code:
                raise ServiceError(f"kafka cannot format its folder; it said: {text[-800:]}")

    def launches(self, service: Service, node: Node) -> dict[str, Launch]:
        """Return the broker's process."""
        del service
        home, libraries = self._jars()
        command = (
            *(str(home / "bin" / "java"), f"-Xms{HEAP}", f"-Xmx{HEAP}", *QUICK),
            f"-Dlog4j2.configurationFile={LOGGING}",
            *("-cp", f"{libraries}/*", "kafka.Kafka", str(node.folder / PROPERTIES)),
        )
        return {"server": Launch(command)}

    def answers(self, service: Service, node: Node) -> bool:
        """Whether this broker serves clients, and groups and transactions have their place."""
        return ask_kafka(self.environment(service, None), node.at("client"), node.index + 1)

    def settle(self, service: Service) -> None:
        """Give each principal its password, and its rights for the topics of every case."""
        if service.secure:
            from workbench.live.services.rights import create_users, grant

            settings = self.environment(service, None)
            create_users(settings, service.passwords)
            grant(settings, *case_names())

    def environment(self, service: Service, principal: str | None) -> dict[str, str]:
        """Return the brokers' addresses, and in secure mode user, password and authority."""
        settings = {"WORKBENCH_KAFKA": service.addresses("client")}
        if service.secure:
            user = principal or "admin"
            settings |= {
                "WORKBENCH_KAFKA_USER": user,
                "WORKBENCH_KAFKA_PASSWORD": service.passwords.of("kafka", user),
                "WORKBENCH_KAFKA_CA": str(service.certificates / "ca.pem"),
            }
        return settings

    def _jars(self) -> tuple[Path, Path]:
        home = java("kafka", 17)
        return home, jars.fetched("kafka", home) / "lib"

    def _format(self, service: Service, node: Node, cluster: str) -> subprocess.Popen[str]:
        home, libraries = self._jars()
        arguments = [
            *("-Xmx128m", *QUICK, "-cp", f"{libraries}/*"),
            *("kafka.tools.StorageTool", "format", "--ignore-formatted"),
            *(f"--cluster-id={cluster}", "-c", str(node.folder / PROPERTIES)),
        ]
        if service.secure:
            # The others are made by this one, once the brokers run.
            word = service.passwords.of("kafka", "admin")
            arguments += ["--add-scram", f"SCRAM-SHA-256=[name=admin,password={word}]"]
        # Java reads its arguments from a file, so that no password is on a command line.
        quoted = "".join(f'"{argument}"\n' for argument in arguments)
        file = private(node.folder / ARGUMENTS, quoted)
        return subprocess.Popen(  # noqa: S603 - the project's own command, no shell
            [str(home / "bin" / "java"), f"@{file}"],
            cwd=node.folder,
            env=basics(node.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _cluster_id(service: Service) -> str:
    """Return the cluster's id, drawn once: 16 bytes in base 64."""
    file = service.folder / "cluster.id"
    if not file.exists():
        file.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
    return file.read_text()
