"""Alert rules and the dashboard, as promtool and a real Prometheus see them."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
import yaml
from servers import had

from workbench.live.metrics import METRICS, ROLES, VALUES, series_of
from workbench.live.telemetry import Telemetry, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.live.services import Services

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMETHEUS, GRAFANA = DEPLOY / "prometheus", DEPLOY / "grafana"
PAGE = json.loads((GRAFANA / "dashboards" / "workbench.json").read_text())
DECLARED = {series for name in METRICS for series in series_of(name)}
#: What Grafana puts in the place of its variables.
GIVEN = {"$__rate_interval": "1m", "$topics": ".+"}


@cache
def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[str]:
    return [rule["alert"] for rule in rules() if "alert" in rule]


def queries() -> list[str]:
    """Return every query of the dashboard as Prometheus gets it."""
    asked = []
    for panel in PAGE["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"]
            for variable, value in GIVEN.items():
                query = query.replace(variable, value)
            asked.append(query)
    return asked


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not here: apt-get install prometheus")
    return subprocess.run(  # noqa: S603 - the system's own program, on files of the project
        [program, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "rules.yml"),
        ("test", "rules", "tests.yml"),
    ],
    ids=" ".join,
)
def test_promtool_finds_nothing_wrong(arguments: tuple[str, ...]) -> None:
    done = promtool(*arguments)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


@pytest.mark.parametrize("alert", alerts())
def test_every_alert_is_tested_to_fire_and_to_be_quiet(alert: str) -> None:
    tests = yaml.safe_load((PROMETHEUS / "tests.yml").read_text())["tests"]
    of_alert = [
        (test, case)
        for test in tests
        for case in test.get("alert_rule_test", [])
        if case["alertname"] == alert
    ]

    assert any(case["exp_alerts"] for _, case in of_alert)
    assert any("good" in line["series"] for test, _ in of_alert for line in test["input_series"])


@pytest.mark.parametrize("rule", [rule for rule in rules() if "alert" in rule], ids=alerts())
def test_every_alert_says_what_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"].keys() == {"summary", "action"}


@pytest.mark.parametrize("query", [*queries(), *(rule["expr"] for rule in rules())])
def test_every_query_names_what_is_declared(query: str) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}

    assert set(re.findall(r"\bworkbench_\w+", query)) <= DECLARED
    assert set(re.findall(r"\bworkbench:[\w:]+", query)) <= recorded
    for label, value in re.findall(r'(\w+)="(\w[^"]*)"', query):
        if label == "role" or label in VALUES:
            assert value in {"role": ROLES, **VALUES}[label]


@pytest.mark.parametrize("name", METRICS)
def test_everything_that_is_measured_is_looked_at(name: str) -> None:
    asked = "\n".join([*queries(), *(rule["expr"] for rule in rules())])

    assert any(re.search(rf"\b{series}\b", asked) for series in series_of(name))


def test_the_dashboard_is_what_its_script_writes() -> None:
    script = runpy.run_path(str(GRAFANA / "make_dashboard.py"))

    assert (GRAFANA / "dashboards" / "workbench.json").read_text() == script["text"]()


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PAGE["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert max(x for x, _ in taken) < 24


def test_grafana_is_given_the_data_source_that_panels_name() -> None:
    path = GRAFANA / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(path.read_text())["datasources"]

    assert {panel["datasource"]["uid"] for panel in PAGE["panels"] if "targets" in panel} == {
        source["uid"]
    }


def work(telemetry: Telemetry) -> None:
    """Count and measure a little of everything that a process has."""
    for name, metric in METRICS.items():
        if telemetry.role not in metric.roles:
            continue
        for values in [VALUES[label] for label in metric.labels] or [("",)]:
            for value in values:
                labels = dict.fromkeys(metric.labels, value)
                if metric.kind == "counter":
                    telemetry.count(name, 3, **labels)
                elif metric.kind == "gauge":
                    telemetry.gauge(name, 1.0, **labels)
                else:
                    telemetry.observe(name, np.array([0.1, 0.7]), **labels)


class Asked:
    """A real Prometheus, and processes that it reads."""

    def __init__(self, address: str, processes: list[Telemetry]) -> None:
        self.client = httpx.Client(base_url=address)
        self.processes = processes

    def get(self, path: str, **parameters: str) -> Any:
        answer = self.client.get(f"/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def until(self, path: str, good: Any, **parameters: str) -> Any:
        """Ask while the processes work, until the answer is good or a minute is over."""
        deadline = time.monotonic() + 60
        while True:
            found = self.get(path, **parameters)
            if good(found) or time.monotonic() > deadline:
                return found
            for telemetry in self.processes:
                work(telemetry)
            time.sleep(0.2)


@pytest.fixture(scope="module")
def asked(services: Services) -> Iterator[Asked]:
    server = had(services, "prometheus")
    targets = services.folder / "prometheus" / "0" / "targets" / "test-rules.json"
    processes = [Telemetry(role, "fraud") for role in ROLES]
    with ExitStack() as stack:
        addresses = [stack.enter_context(serve(process, 0)) for process in processes]
        named = [str(address).removeprefix("http://") for address in addresses]
        targets.write_text(json.dumps([{"targets": named}]))
        stack.callback(targets.unlink)
        found = Asked(server.settings.prometheus, processes)
        stack.enter_context(found.client)
        yield found


def test_prometheus_reads_every_process(asked: Asked) -> None:
    def all_up(data: Any) -> bool:
        return [value for _, value in (one["value"] for one in data["result"])] == [str(len(ROLES))]

    assert all_up(asked.until("query", all_up, query='sum(up{job="workbench"})'))


@pytest.mark.parametrize("query", queries())
def test_every_panel_has_an_answer(asked: Asked, query: str) -> None:
    assert asked.until("query", lambda data: data["result"], query=query)["result"]


def test_every_rule_is_evaluated(asked: Asked) -> None:
    def evaluated(data: Any) -> bool:
        return all(rule["health"] != "unknown" for g in data["groups"] for rule in g["rules"])

    groups = asked.until("rules", evaluated)["groups"]
    found = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    assert found == {rule.get("alert", rule.get("record")): "ok" for rule in rules()}
