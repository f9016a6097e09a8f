"""What live promises for a case, it keeps for each that is installed.

From topics to scores through a kill, to alerts at the desk, to the index, and to a recording;
nothing of this knows which case it serves.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pytest
from live_examples import begin, hashes, run, simulated
from servers import Server
from worker_examples import World, counting, read, world

from workbench.case import case_names
from workbench.errors import ServiceError
from workbench.live.services import Services
from workbench.live.services.kinds import kind
from workbench.live.topics import Topics, create
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVERS = ("kafka", "rabbitmq", "opensearch")
#: Days and scale of a stream of some thousand events, with alerts in its second half.
SIZES: dict[str, dict[str, Any]] = {
    "fraud": {"days": 20, "scale": 0.06},
    "recommend": {"days": 10, "scale": 0.2},
}
SOME = {"days": 20, "scale": 0.03}
IDLE = ("--until-idle", "2s")


class Chain(NamedTuple):
    """One case on its way through all servers.

    Attributes
    ----------
    case
        Its name.
    world
        What it is held against.
    server
        All servers.
    topics
        Its topics.
    """

    case: str
    world: World
    server: Server
    topics: Topics

    def run(self, *command: object) -> str:
        code, out, err = run(self.server.environment, *command)
        assert code == 0, err
        return out

    def written(self, topic: str) -> list[dict[str, Any]]:
        return read(self.server.settings, topic)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Servers of their own: the queues of a case are for one desk."""
    try:
        for name in SERVERS:
            kind(name).require()
    except ServiceError as error:
        pytest.skip(str(error))
    with Services(tmp_path_factory.mktemp("every") / "services").running(*SERVERS) as services:
        yield services


@pytest.fixture(scope="module", params=case_names())
def chain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, servers: Services
) -> Chain:
    """Publish, score while the worker is killed, relay, keep, index."""
    case: str = request.param
    folder: Path = tmp_path_factory.mktemp(case)
    stream = simulated(folder / "stream", **SIZES.get(case, SOME), case=case)
    database = {"WORKBENCH_DATABASE": f"sqlite:///{folder / 'desk.sqlite'}"}
    server = Server("all", servers.environment(None, *SERVERS) | database, servers)
    one = Chain(case, world(folder, stream), server, Topics(f"every-{case}"))
    where = ("--topics", one.topics.prefix)
    create(server.settings, one.topics, partitions=3)
    publish = ("publish", case, "--stream", stream.path, *where, "--speed", "1500/s")
    publisher = begin(server.environment, *publish)
    worker = ("live", case, "--artifact", one.world.artifact.path, "--state", folder / "state")
    killed = begin(server.environment, *worker, *where, "--checkpoint-every", "1s")
    time.sleep(5.0)  # in the middle of its work, wherever that is
    killed.kill()
    killed.communicate()
    _, err = publisher.communicate(timeout=120)
    assert publisher.returncode == 0, err
    one.run(*worker, *where, *IDLE)
    one.run("relay", "alerts", case, *where, *IDLE)
    one.run("relay", "index", case, *where, *IDLE)
    one.run("desk", case, *IDLE)
    return one


def test_live_is_replay_through_a_kill(chain: Chain) -> None:
    assert counting(chain.written(chain.topics.scores)) == chain.world.scores
    assert chain.written(chain.topics.quarantine) == []


def test_what_was_published_is_recorded_and_replays_the_same(chain: Chain, tmp_path: Path) -> None:
    where = ("--topics", chain.topics.prefix)
    chain.run("record", chain.case, "--out", tmp_path / "stream", *where, *IDLE)
    recorded = Stream.open(tmp_path / "stream", case=chain.case)

    assert hashes(recorded) == hashes(chain.world.stream)
    runs = [
        replay(stream, Setup.of(chain.case), tmp_path / name)
        for name, stream in (("one", recorded), ("other", chain.world.stream))
    ]
    one, other = ((each.path / each.answer.file).read_bytes() for each in runs)
    assert one == other


def test_an_alert_says_what_a_person_needs_and_comes_once(chain: Chain) -> None:
    alerts = chain.written(chain.topics.alerts)

    assert alerts
    assert len({alert["alert_id"] for alert in alerts}) == len(alerts)
    for alert in alerts:
        assert alert["severity"] in ("low", "medium", "high")
        assert alert["score"] >= alert["threshold"]
        assert alert["entity"]
        assert alert["reasons"]


def test_kafka_index_and_desk_hold_the_same(chain: Chain) -> None:
    begins = min(row["event_time"] for row in chain.written(chain.topics.scores))
    where = ("--topics", chain.topics.prefix, "--from", begins)
    said = orjson.loads(chain.run("reconcile", chain.case, *where, "--json"))

    assert said["differs"] is False
    assert len(said["relations"]) == 4
