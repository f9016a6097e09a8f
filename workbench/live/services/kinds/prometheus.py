"""Prometheus from the system's package; it finds what was set up beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from workbench import project
from workbench.live.services.asking import serves
from workbench.live.services.kinds.base import Kind, program
from workbench.live.services.processes import Launch
from workbench.live.services.state import Service as Other

if TYPE_CHECKING:
    from workbench.live.services.state import Node, Service

PACKAGE = "prometheus"
#: Alert rules of the project.
RULES = "deploy/prometheus/rules*.yml"


class Prometheus(Kind):
    """One server.

    It reads itself, RabbitMQ if that was set up before, and the processes that are named in
    ``DIR/prometheus/0/targets/*.json``, each ``[{"targets": ["127.0.0.1:9100"]}]``, which may
    come and go while it runs.
    """

    name: ClassVar[str] = "prometheus"
    ports: ClassVar[tuple[str, ...]] = ("client",)
    insecure: ClassVar[str] = (
        "prometheus: without encryption and password; it holds no events, and listens on the "
        "loopback interface alone."
    )

    def require(self) -> None:
        """Look for the package's program."""
        program("prometheus", PACKAGE)

    def prepare(self, service: Service) -> None:
        """Write what it reads, and by which rules it alerts."""
        import orjson

        for node in service.nodes:
            (node.folder / "targets").mkdir(exist_ok=True)
            # Every JSON document is a YAML document.
            settings = orjson.dumps(_settings(service, node), option=orjson.OPT_INDENT_2)
            (node.folder / "prometheus.yml").write_bytes(settings)

    def launches(self, service: Service, node: Node) -> dict[str, Launch]:
        """Return the server's process."""
        del service
        command = (
            program("prometheus", PACKAGE),
            f"--config.file={node.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={node.folder / 'data'}",
            f"--web.listen-address={node.at('client')}",
            "--log.level=warn",
        )
        return {"server": Launch(command)}

    def answers(self, service: Service, node: Node) -> bool:
        """Whether it is ready for queries."""
        del service
        return serves(f"http://{node.at('client')}/-/ready")

    def environment(self, service: Service, principal: str | None) -> dict[str, str]:
        """Return the address."""
        del principal
        return {"WORKBENCH_PROMETHEUS": f"http://{service.nodes[0].at('client')}"}


def _settings(service: Service, node: Node) -> dict[str, Any]:
    jobs: list[dict[str, Any]] = [
        {"job_name": "prometheus", "static_configs": [{"targets": [node.at("client")]}]},
        {
            "job_name": "workbench",
            "file_sd_configs": [
                {"files": [str(node.folder / "targets" / "*.json")], "refresh_interval": "2s"}
            ],
        },
    ]
    queue = Other.load(service.folder.parent / "rabbitmq")
    if queue is not None:
        targets = [one.at("metrics") for one in queue.nodes]
        jobs.append({"job_name": "rabbitmq", "static_configs": [{"targets": targets}]})
    return {
        "global": {"scrape_interval": "2s", "evaluation_interval": "2s"},
        "rule_files": [str(path) for path in sorted(project.root().glob(RULES))],
        "scrape_configs": jobs,
    }
