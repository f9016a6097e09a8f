"""`workbench reconcile`: what differs is found by id, and repaired; what does not, is not."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from index_examples import (
    ARTIFACT,
    DAY,
    HOUR,
    START,
    Message,
    alerts,
    card,
    client_of,
    score,
    scores,
    settings_of,
    sources,
    write,
)

from workbench.cli import main
from workbench.live.alerts import alert_id
from workbench.live.desk.database import open_database
from workbench.live.desk.keeping import keep
from workbench.live.desk.tables import ALERTS
from workbench.live.fields import spell
from workbench.live.index.layout import Layout
from workbench.live.index.relay import relay
from workbench.live.relay_alerts import relay as relay_alerts
from workbench.live.stopping import Stop
from workbench.live.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers import Server

    from workbench.live.settings import Settings

COUNT, STEP = 60, HOUR // 10
EVENTS, SCORES = "events with a score", "scores in the index"
INDEXED, DESKED = "alerts in the index", "alerts in the desk"


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def of(self, what: str) -> dict[str, Any]:
        """What was found of one relation: only what is not zero or empty."""
        (found,) = (one for one in orjson.loads(self.out)["relations"] if one["what"] == what)
        names = ("missing", "different", "surplus", "doubled", "quarantined")
        return {name: found[name] for name in names if found[name]}

    def ids(self, what: str) -> dict[str, list[str]]:
        (found,) = (one for one in orjson.loads(self.out)["relations"] if one["what"] == what)
        return {fault: ids for fault, ids in found["ids"].items() if ids}


def events(names: Topics, messages: list[Message]) -> list[Message]:
    """The events that scores are of."""
    found = []
    for _, key, value in messages:
        content = orjson.loads(value or b"")
        content = {name: content[name] for name in ("event_id", "event_time")} | {
            "card": key.decode(),
            "terminal": "t",
            "amount": 100,
        }
        found.append((names.events, key, orjson.dumps(content)))
    return found


#: For what both engines do alike: where they are asked in the same way as in another test.
ONE_ENGINE = pytest.mark.parametrize("search_engines", ["opensearch"], indirect=True)


@pytest.fixture
def settings(kafka: Server, search_engines: Server) -> Settings:
    return settings_of(kafka, search_engines)


@pytest.fixture
def names(topics: str) -> Topics:
    return Topics(topics)


@pytest.fixture
def reconcile(
    names: Topics,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Said]:
    """Run ``workbench reconcile`` with some servers."""
    # The desk's own file lies below the project's folder.
    monkeypatch.setenv("WORKBENCH_OUTPUT", str(tmp_path))

    def run(environment: dict[str, str], *arguments: str) -> Said:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        code = main(["reconcile", "fraud", "--topics", names.prefix, *arguments])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def filled(settings: Settings, names: Topics) -> list[Message]:
    """Scores that are all indexed; returns them."""
    written = scores(names, COUNT, STEP)
    write(settings, names, events(names, written) + written + alerts(names, written))
    relay(settings, names, until_idle=0.5)
    return written


@pytest.fixture
def environment(kafka: Server, search_engines: Server) -> dict[str, str]:
    return kafka.environment | search_engines.environment


def test_where_nothing_differs_the_exit_code_is_0(
    reconcile: Callable[..., Said], environment: dict[str, str], filled: list[Message]
) -> None:
    said = reconcile(environment, "--json")

    found = orjson.loads(said.out)
    assert (said.code, found["differs"]) == (0, False)
    assert [(one["what"], one["expected"], one["found"]) for one in found["relations"]] == [
        (EVENTS, COUNT, COUNT),
        (SCORES, COUNT, COUNT),
        (INDEXED, COUNT // 10, COUNT // 10),
    ]
    assert "The desk was left out" in found["notes"][0]


def test_what_the_index_lost_or_holds_otherwise_is_found_and_repaired(
    reconcile: Callable[..., Said],
    environment: dict[str, str],
    settings: Settings,
    names: Topics,
    filled: list[Message],
) -> None:
    lost, changed, gone = f"{ARTIFACT}:7", f"{ARTIFACT}:33", alert_id(ARTIFACT, "20")
    layout = Layout(names.prefix)
    with client_of(settings) as client:
        before = sources(client, names.prefix, "scores"), sources(client, names.prefix, "alerts")
        client.delete(index=layout.index("scores", START), id=lost)
        client.delete(index=layout.index("alerts", START), id=gone)
        other = before[0][changed] | {"score": before[0][changed]["score"] + 1e-16}
        client.index(index=layout.index("scores", START), id=changed, body=other)

        seen = reconcile(environment, "--json")
        repaired = reconcile(environment, "--repair", "--json")
        again = reconcile(environment, "--json")

        after = sources(client, names.prefix, "scores"), sources(client, names.prefix, "alerts")
    assert seen.code == 1
    assert seen.of(EVENTS) == {}
    assert seen.of(SCORES) == {"missing": 1, "different": 1}
    assert seen.ids(SCORES) == {"missing": [lost], "different": [changed]}
    assert seen.ids(INDEXED) == {"missing": [gone]}
    assert repaired.code == 0
    assert orjson.loads(repaired.out)["repaired"] == {SCORES: 2, INDEXED: 1}
    assert again.code == 0
    assert after == before


@ONE_ENGINE
def test_what_only_the_index_holds_is_told_and_left_alone(
    reconcile: Callable[..., Said],
    environment: dict[str, str],
    settings: Settings,
    names: Topics,
    filled: list[Message],
) -> None:
    extra = score(999, START + HOUR) | {"entity": "card-1"}
    with client_of(settings) as client:
        index = Layout(names.prefix).index("scores", START)
        client.index(index=index, id=f"{ARTIFACT}:999", body=extra)

    said = reconcile(environment, "--repair", "--json")

    assert said.code == 1
    assert said.ids(SCORES) == {"surplus": [f"{ARTIFACT}:999"]}


def test_events_and_scores_are_held_against_each_other(
    reconcile: Callable[..., Said], kafka: Server, names: Topics
) -> None:
    written = scores(names, COUNT, STEP)
    unscored, without_event = written[5], written[8]
    told = [m for m in events(names, written) if b'"event_id":"8"' not in m[2]]
    told_scores = [m for m in written if m is not unscored]
    write(kafka.settings, names, told + told_scores + [written[40]])

    said = reconcile(kafka.environment, "--json")

    assert said.code == 1
    assert said.ids(EVENTS) == {"missing": ["5"], "surplus": ["8"], "doubled": ["40"]}
    assert without_event in told_scores
    notes = orjson.loads(said.out)["notes"]
    assert [note.split(":")[0] for note in notes] == [
        "The index was left out",
        "The desk was left out",
    ]


def test_an_event_that_was_sent_again_counts_once(
    reconcile: Callable[..., Said], kafka: Server, names: Topics
) -> None:
    written = scores(names, COUNT, STEP)
    told = events(names, written)
    content = orjson.loads(told[3][2]) | {"event_time": spell(START + DAY)}
    moved = (names.events, told[3][1], orjson.dumps(content))
    write(kafka.settings, names, [*told, told[7], moved, *written])

    said = reconcile(kafka.environment, "--json")

    assert (said.code, said.of(EVENTS)) == (0, {})


@ONE_ENGINE
def test_what_is_in_quarantine_is_no_difference(
    reconcile: Callable[..., Said],
    environment: dict[str, str],
    settings: Settings,
    names: Topics,
    filled: list[Message],
) -> None:
    bad = score(100, START + HOUR) | {"colour": "red"}
    one: Message = (names.scores, card(100).encode(), orjson.dumps(bad))
    write(settings, names, [*events(names, [one]), one])
    relay(settings, names, until_idle=0.5)

    said = reconcile(environment, "--json")

    assert (said.code, said.of(SCORES)) == (0, {"quarantined": 1})


@ONE_ENGINE
def test_a_window_leaves_out_what_lies_beyond_it(
    reconcile: Callable[..., Said],
    environment: dict[str, str],
    settings: Settings,
    names: Topics,
    filled: list[Message],
) -> None:
    with client_of(settings) as client:
        client.delete(index=Layout(names.prefix).index("scores", START), id=f"{ARTIFACT}:7")
    time = START + 7 * STEP + 7

    before = reconcile(environment, "--until", spell(time), "--json")
    at = reconcile(environment, "--from", spell(time), "--until", spell(time + 1), "--json")
    after = reconcile(environment, "--from", spell(time + 1), "--json")

    assert (before.code, at.code, after.code) == (0, 1, 0)
    assert orjson.loads(at.out)["relations"][1]["expected"] == 1


def test_days_that_are_no_longer_kept_are_not_expected(
    reconcile: Callable[..., Said],
    environment: dict[str, str],
    settings: Settings,
    names: Topics,
) -> None:
    written = scores(names, 6, step=DAY)
    write(settings, names, events(names, written) + written + alerts(names, written))
    relay(settings, names, until_idle=0.5, keep=2)

    said = reconcile(environment, "--json")

    assert said.code == 0
    assert orjson.loads(said.out)["notes"][0] == (
        "The index keeps nothing from before 2018-04-04T00:00:00.000000Z."
    )


@ONE_ENGINE
def test_an_index_that_was_never_written_is_filled_by_the_repair(
    reconcile: Callable[..., Said],
    environment: dict[str, str],
    settings: Settings,
    names: Topics,
) -> None:
    written = scores(names, COUNT, STEP)
    write(settings, names, events(names, written) + written + alerts(names, written))

    said = reconcile(environment, "--repair", "--json")

    assert said.code == 0
    assert orjson.loads(said.out)["repaired"] == {SCORES: COUNT, INDEXED: COUNT // 10}


@ONE_ENGINE
def test_the_table_names_hours_and_ids(
    reconcile: Callable[..., Said],
    environment: dict[str, str],
    settings: Settings,
    names: Topics,
    filled: list[Message],
) -> None:
    with client_of(settings) as client:
        client.delete(index=Layout(names.prefix).index("scores", START), id=f"{ARTIFACT}:7")

    said = reconcile(environment)

    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert said.code == 1
    assert f"{SCORES} 60 59 1 0 0 0" in lines
    assert "2018-04-01T00:00Z 10 9 1 0 0 0" in lines
    assert f"missing: {ARTIFACT}:7" in lines
    assert lines[-1] == "There are differences."


@contextmanager
def desk(settings: Settings) -> Iterator[None]:
    """A desk at work."""
    stop = Stop()
    work = threading.Thread(target=lambda: keep(settings, "fraud", stop=stop))
    work.start()
    try:
        yield
    finally:
        stop.ask()
        work.join(60)


@pytest.fixture
def with_desk(
    kafka: Server, rabbitmq: Server, names: Topics, tmp_path: Path
) -> tuple[Settings, dict[str, str]]:
    """Alerts that the desk has taken; the settings, and the same as an environment."""
    database = {"WORKBENCH_DATABASE": f"sqlite:///{tmp_path / 'desk.sqlite'}"}
    environment = kafka.environment | rabbitmq.environment | database
    settings = settings_of(kafka, rabbitmq).model_copy(
        update={"database": database["WORKBENCH_DATABASE"]}
    )
    written = scores(names, COUNT, STEP)
    write(settings, names, events(names, written) + written + alerts(names, written))
    relay_alerts(settings, "fraud", names, until_idle=0.5)
    keep(settings, "fraud", until_idle=1.0)
    return settings, environment


def test_what_the_desk_lost_or_holds_otherwise_is_found_and_repaired(
    reconcile: Callable[..., Said], with_desk: tuple[Settings, dict[str, str]]
) -> None:
    settings, environment = with_desk
    lost, changed = alert_id(ARTIFACT, "10"), alert_id(ARTIFACT, "30")
    engine = open_database(settings)
    with engine.begin() as connection:
        connection.execute(ALERTS.delete().where(ALERTS.c.alert_id == lost))
        connection.execute(
            ALERTS.update().where(ALERTS.c.alert_id == changed).values(document='{"score":1}')
        )

    seen = reconcile(environment, "--json")
    with desk(settings):
        repaired = reconcile(environment, "--repair", "--json")
    engine.dispose()

    assert (seen.code, seen.ids(DESKED)) == (1, {"missing": [lost], "different": [changed]})
    assert (repaired.code, repaired.of(DESKED)) == (0, {})
    assert orjson.loads(repaired.out)["repaired"] == {DESKED: 2}


def test_a_desk_that_has_everything_differs_in_nothing(
    reconcile: Callable[..., Said], with_desk: tuple[Settings, dict[str, str]]
) -> None:
    said = reconcile(with_desk[1], "--json")

    assert (said.code, said.of(DESKED)) == (0, {})
