"""Everything is killed at random moments under load, and at the end nothing differs.

``python -m benchmarks.live.soak [--kills N] [--seed S] [--days D]``; ``make soak`` kills 25 times.
"""

from __future__ import annotations

import argparse
import itertools
import random
import secrets
import shutil
import signal
import sys
import time
from typing import TYPE_CHECKING

import polars as pl
import psutil

from benchmarks.data import table
from benchmarks.live.common import (
    FOLDER,
    STREAM,
    artifact,
    compared,
    done,
    read,
    settings_of,
    start,
    worker,
)
from workbench.case import get_case
from workbench.live.fields import spell
from workbench.live.reconcile.reconcile import EVERYTHING, reconcile
from workbench.live.reconcile.report import FAULTS
from workbench.live.services import Services
from workbench.live.topics import Topics, create
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400_000_000
SERVERS = {"rabbitmq": 1, "opensearch": 1, "kafka": 3}


class Kept:
    """A process that is started again whenever it was killed."""

    def __init__(self, services: Services, name: str, *arguments: object) -> None:
        self.name = name
        self._services = services
        self._arguments = arguments
        self.process = start(services, *arguments)

    def kill(self, *, child: bool = False) -> None:
        """Kill it, or its own child, at once; then it is there again."""
        children = psutil.Process(self.process.pid).children() if child else []
        if children:
            children[0].kill()
            return
        self.process.kill()
        self.process.wait()
        self.process = start(self._services, *self._arguments)

    def finish(self, *more: object) -> None:
        """Tell it to leave, and let it do what is left."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        done(start(self._services, *self._arguments, *more), timeout=300)


def soak(folder: Path, kills: int, seed: int, days: float, pause: float = 5.0) -> dict[str, int]:
    """Publish, score, record, relay, keep and index while something is killed again and again.

    Parameters
    ----------
    folder
        Of everything that is written.
    kills
        How many.
    seed
        Of what is killed, and when.
    days
        Of the recorded stream that are published.
    pause
        The longest time between two kills (s).

    Returns
    -------
    dict
        What is doubled, missing or different at the end, each 0 if all is well.
    """
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    topics = Topics(f"soak-{secrets.token_hex(3)}")
    begin = artifact().last_event[0] + 1
    until = begin + int(days * DAY)
    with Services(folder / "services").running(*SERVERS, brokers=SERVERS["kafka"]) as services:
        settings = settings_of(services, *SERVERS)
        create(settings, topics)
        where = ("--topics", topics.prefix)
        database = f"sqlite:///{folder / 'desk.sqlite'}"
        kept = [
            Kept(services, "worker", *worker(topics.prefix, folder / "state",
                                             "--checkpoint-every", "5s")),
            Kept(services, "recorder", "record", "fraud", "--out", folder / "recorded", *where),
            Kept(services, "relay alerts", "relay", "alerts", "fraud", *where),
            Kept(services, "relay index", "relay", "index", "fraud", *where),
            Kept(services, "desk", "desk", "fraud", "--database", database),
        ]  # fmt: skip
        publish = start(
            services, "publish", "fraud", "--stream", STREAM, *where, "--speed", "500/s",
            "--from", spell(begin), "--until", spell(until),
        )  # fmt: skip
        time.sleep(8)
        killed = _kill(services, kept, kills, chance, pause)
        done(publish)
        for one in kept:
            one.finish("--until-idle", "3s")
        found = _differences(services, topics, folder, until, database)
    _tell(killed, found)
    return found


def _kill(
    services: Services, kept: list[Kept], kills: int, chance: random.Random, pause: float
) -> list[str]:
    """Kill one after the other in a random order that takes each, again and again."""
    processes = {one.name: one for one in kept}
    victims = [*processes, "worker's process", *SERVERS]
    killed = []
    rounds = (chance.sample(victims, len(victims)) for _ in itertools.count())
    for name in itertools.islice(itertools.chain.from_iterable(rounds), kills):
        time.sleep(chance.uniform(0.5, pause))
        if name in SERVERS:
            node = chance.randrange(SERVERS[name])
            services.kill(name, node)
            time.sleep(chance.uniform(0.0, 3.0))
            services.start(name, node)
        else:
            processes[name.partition("'")[0]].kill(child=name.endswith("process"))
        killed.append(name)
    return killed


def _differences(
    services: Services, topics: Topics, folder: Path, until: int, database: str
) -> dict[str, int]:
    settings = settings_of(services, *SERVERS)
    doubled, missing, differ = compared(settings, topics.prefix, until)
    events = {r.document["event_id"] for r in read(settings, topics.events)}
    recorded = pl.concat(list(Stream.open(folder / "recorded").batches()))["event_id"]
    alerts = [r.document["alert_id"] for r in read(settings, topics.alerts)]
    settings = settings.model_copy(update={"database": database})
    report = reconcile(settings, get_case("fraud"), topics, EVERYTHING)
    if report.notes:
        raise SystemExit(f"reconcile left something out: {report.notes}")
    found = {f"{r.what}: {f}": r.count(f) for r in report.relations for f in FAULTS}
    return {
        "scores doubled": doubled,
        "scores missing": missing,
        "scores that differ from the replay's": differ,
        "events recorded twice": recorded.len() - recorded.n_unique(),
        "events not recorded": len(events - set(recorded)),
        "alerts doubled": len(alerts) - len(set(alerts)),
        **found,
    }


def _tell(killed: list[str], found: dict[str, int]) -> None:
    names = dict.fromkeys(killed)
    table(("killed with SIGKILL", "times"), [(name, killed.count(name)) for name in names])
    print()
    table(("at the end", "number"), [*found.items()])


def main() -> int:
    """Soak, and return 1 if anything is wrong at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=14.0)
    given = parser.parse_args()
    found = soak(FOLDER / "soak", given.kills, given.seed, given.days)
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(main())
