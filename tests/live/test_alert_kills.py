"""Relay, desk and RabbitMQ killed under load: every alert is at the desk, once."""

from __future__ import annotations

import random
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from alert_examples import an_alert, ids, put, until
from live_examples import begin, run
from servers import had

from workbench.live.services import Services
from workbench.live.settings import Settings
from workbench.live.topics import Topics, create

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from servers import Server

ALERTS, KILLS = 12_000, 2
IDLE = ("--until-idle", "2s")


class Running:
    """The processes under test, each started again when it was killed."""

    def __init__(self, environment: dict[str, str], topics: str, services: Services) -> None:
        self._environment = environment
        self._services = services
        self.commands: dict[str, tuple[str, ...]] = {
            "relay": ("relay", "alerts", "fraud", "--topics", topics),
            "desk": ("desk", "fraud"),
        }
        self._processes: dict[str, subprocess.Popen[str]] = {}
        for name in self.commands:
            self._start(name)

    def _start(self, name: str) -> None:
        self._processes[name] = begin(self._environment, *self.commands[name])

    def kill(self, name: str) -> None:
        """End one at once, and start it again."""
        if name == "rabbitmq":
            self._services.kill("rabbitmq")
            self._services.start("rabbitmq")
        else:
            self.end(name, at_once=True)
        # What could not start while RabbitMQ was away has said so and ended.
        for one, process in self._processes.items():
            if process.poll() is not None:
                process.communicate()
                self._start(one)

    def end(self, name: str, *, at_once: bool = False) -> int:
        process = self._processes[name]
        (process.kill if at_once else process.terminate)()
        process.communicate(timeout=60)
        return process.returncode

    def finish(self) -> None:
        """Let each do the rest."""
        for name, command in self.commands.items():
            # One that was only just started does not yet listen to the signal.
            assert self.end(name) in (0, -signal.SIGTERM)
            code, _, err = run(self._environment, *command, *IDLE)
            assert (code, err) == (0, "")

    def stop(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.communicate()


def kept(file: Path) -> list[str]:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as database:
            return [row[0] for row in database.execute("SELECT alert_id FROM alerts")]
    except sqlite3.OperationalError:  # not made yet
        return []


@pytest.mark.timeout(600)
def test_every_alert_is_at_the_desk_once_whatever_is_killed(
    kafka: Server, topics: str, tmp_path: Path
) -> None:
    moments = random.Random(11)
    victims = ["relay", "desk", "rabbitmq"] * KILLS
    moments.shuffle(victims)
    file = tmp_path / "desk.sqlite"
    services = Services(tmp_path / "services")
    try:
        rabbitmq = had(services, "rabbitmq")
        database = {"WORKBENCH_DATABASE": f"sqlite:///{file}"}
        environment = {**kafka.environment, **rabbitmq.environment, **database}
        names = Topics(topics)
        create(kafka.settings, names)
        processes = Running(environment, topics, services)
        try:
            portion = ALERTS // len(victims)
            for k, victim in enumerate(victims):
                put(
                    Settings.model_validate({"kafka": environment["WORKBENCH_KAFKA"]}),
                    names,
                    map(an_alert, range(k * portion, (k + 1) * portion)),
                )
                reached = k * portion + moments.randrange(portion // 2)
                until(lambda reached=reached: len(kept(file)) > reached)
                processes.kill(victim)
            processes.finish()
        finally:
            processes.stop()
    finally:
        services.down()
        services.remove()

    found = kept(file)
    assert len(found) == ALERTS
    assert set(found) == set(ids(ALERTS))
