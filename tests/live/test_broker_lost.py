"""A broker that is lost while something is published or recorded, and comes back later."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from live_examples import hashes, simulated
from servers import Server, had

from workbench.errors import Interrupted
from workbench.live.clients import LiveError
from workbench.live.publish import publish
from workbench.live.record import record
from workbench.live.services import Services
from workbench.live.speed import Speed
from workbench.live.stopping import Stop
from workbench.live.topics import Topics
from workbench.moments import moment, ticks
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return simulated(tmp_path_factory.mktemp("lost") / "s", days=12)


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A broker of one test, which may kill it; nobody is patient with it."""
    monkeypatch.setattr("workbench.live.publish.PATIENCE", 2.0)
    monkeypatch.setattr("workbench.live.reader.PATIENCE", 2.0)
    services = Services(tmp_path / "services")
    try:
        yield had(services, "kafka")
    finally:
        services.down()
        services.remove()


class Kills(Stop):
    """Kills the broker when the work has looked at it so often."""

    def __init__(self, broker: Server, after: int, *, ask: bool = False) -> None:
        super().__init__()
        self._broker = broker
        self._left = after
        self._ask = ask

    def wait(self, seconds: float) -> bool:
        # What is asked for while a chunk is sent is seen when it does not get through.
        before = super().wait(seconds)
        self._left -= 1
        if self._left == 0:
            self._broker.services.kill("kafka")
            self.asked = self._ask
        return before


@pytest.mark.parametrize(("ask", "error"), [(False, LiveError), (True, Interrupted)])
def test_publishing_says_where_to_go_on(
    broker: Server, small: Stream, tmp_path: Path, *, ask: bool, error: type[Exception]
) -> None:
    names = Topics("t")
    with pytest.raises(error) as caught:
        publish(
            broker.settings,
            small,
            names,
            speed=Speed(rate=2000),
            stop=Kills(broker, after=20, ask=ask),
        )
    place = re.search(r"--from (\S+Z)", str(caught.value))
    assert place is not None

    broker.services.up("kafka")
    publish(broker.settings, small, names, start=ticks(moment(place[1])))

    record(broker.settings, "fraud", names, tmp_path / "s", idle=0.5)
    assert hashes(Stream.open(tmp_path / "s")) == hashes(small)


def test_recording_is_no_shorter_for_it_and_goes_on(
    broker: Server, small: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KillsAfterOnePart(Stop):
        @property
        def asked(self) -> bool:
            if list((tmp_path / "s.recording").glob("events-*.parquet")):
                broker.services.kill("kafka")
            return False

        @asked.setter
        def asked(self, value: bool) -> None:
            pass

    names = Topics("t")
    publish(broker.settings, small, names)
    with monkeypatch.context() as patch:
        patch.setattr("workbench.live.recording.ROWS", 1_000)
        with pytest.raises(LiveError, match=r"is kept in .*the same command goes on"):
            record(
                broker.settings, "fraud", names, tmp_path / "s", idle=0.5, stop=KillsAfterOnePart()
            )
    assert not (tmp_path / "s").exists()

    broker.services.up("kafka")
    record(broker.settings, "fraud", names, tmp_path / "s", idle=0.5)

    assert hashes(Stream.open(tmp_path / "s")) == hashes(small)
