"""A recorder killed at any moment, while publishing goes on: nothing is lost, nothing doubled."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from live_examples import begin, hashes, run, simulated

from workbench.live.publish import publish
from workbench.live.record import state_of
from workbench.live.topics import Topics
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from servers import Server

FRAUD = Path(__file__).parents[2] / "data" / "fraud"
KILLS = 4
IDLE = ("--until-idle", "1s", "--json")


def wait(done: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 120
    while not done():
        assert time.monotonic() < until, "nothing happened within two minutes"
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def saved(out: Path) -> int:
    """How many messages lie in parts that the recording's manifest names."""
    try:
        document = orjson.loads((state_of(out) / "recording.json").read_bytes())
    except FileNotFoundError:
        return 0
    return sum(part["rows"] for part in document["parts"])


@pytest.mark.timeout(600)
def test_killed_while_publishing_goes_on(kafka: Server, topics: str, tmp_path: Path) -> None:
    moments, out = random.Random(4), tmp_path / "s"
    command = ("record", "fraud", "--out", out, "--topics", topics)
    publisher = begin(
        kafka.environment,
        *("publish", "fraud", "--stream", FRAUD, "--topics", topics, "--speed", "25000/s"),
    )
    try:
        _wait_for_topics(kafka, topics)
        for _ in range(KILLS):
            before = saved(out)
            recorder = begin(kafka.environment, *command)
            wait(lambda before=before: saved(out) > before, recorder)
            time.sleep(moments.uniform(0, 1))
            recorder.kill()
            recorder.communicate()
        assert not out.exists()
        assert publisher.wait(120) == 0
    finally:
        publisher.kill()
        publisher.communicate()

    code, told, err = run(kafka.environment, *command, *IDLE)

    assert (code, err) == (0, "")
    assert orjson.loads(told)["quarantined"] == {}
    stream = Stream.open(out)
    stream.verify()
    assert hashes(stream) == hashes(Stream.open(FRAUD))


@pytest.mark.timeout(600)
def test_killed_while_the_stream_is_written(kafka: Server, topics: str, tmp_path: Path) -> None:
    moments, out = random.Random(5), tmp_path / "s"
    command = ("record", "fraud", "--out", out, "--topics", topics, *IDLE)
    stream = simulated(tmp_path / "published", days=20, scale=0.5)
    publish(kafka.settings, stream, Topics(topics))

    for _ in range(2):
        recorder = begin(kafka.environment, *command)
        wait((tmp_path / "s.partial").exists, recorder)
        time.sleep(moments.uniform(0, 0.5))
        recorder.kill()
        recorder.communicate()
    code, _, err = run(kafka.environment, *command)

    assert (code, err) == (0, "")
    assert hashes(Stream.open(out)) == hashes(stream)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["published", "s"]


def _wait_for_topics(kafka: Server, prefix: str) -> None:
    from workbench.live.clients import admin

    until = time.monotonic() + 60
    with admin(kafka.settings) as client:
        while Topics(prefix).labels not in client.list_topics():
            assert time.monotonic() < until
            time.sleep(0.1)
