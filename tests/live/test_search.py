"""`workbench search`: the usual questions, and what strange data can do to the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from index_examples import HOUR, START, alerts, card, client_of, score, scores, settings_of, write

from workbench.cli import main
from workbench.live.fields import spell
from workbench.live.index.relay import relay
from workbench.live.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Server

COUNT, STEP = 240, HOUR // 24
#: It clears a terminal, and looks like markup.
STRANGE = "\x1b[2J[b]x[/b]"


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = orjson.loads(self.out)["rows"]
        return found


@pytest.fixture(scope="module")
def filled(kafka: Server, search_engines: Server) -> tuple[str, dict[str, str]]:
    """A prefix whose ten hours are indexed, and the environment in which it is found."""
    names, settings = Topics(f"search-{search_engines.name}"), settings_of(kafka, search_engines)
    written = scores(names, COUNT, STEP)
    late = score(1_000, START + COUNT * STEP, 0.96) | {"late": True}
    written.append((names.scores, STRANGE.encode(), orjson.dumps(late)))
    write(settings, names, written + alerts(names, written))
    relay(settings, names, until_idle=0.5)
    with client_of(settings) as client:
        client.indices.refresh(index=f"{names.prefix}-*")
    return names.prefix, search_engines.environment


@pytest.fixture
def search(
    filled: tuple[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Said]:
    prefix, environment = filled
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: object) -> Said:
        code = main(["search", "fraud", "--topics", prefix, *map(str, arguments)])
        return Said(code, *capsys.readouterr())

    return run


def test_an_entitys_history_is_all_its_scores_the_newest_first(
    search: Callable[..., Said],
) -> None:
    rows = search("--entity", card(3), "--json").rows

    expected = [str(n) for n in range(COUNT) if card(n) == card(3)][::-1]
    assert [row["event_id"] for row in rows] == expected
    assert {row["entity"] for row in rows} == {card(3)}


def test_a_history_tells_which_scores_were_alerts(search: Callable[..., Said]) -> None:
    rows = search("--entity", card(3), "--json").rows

    assert {row["event_id"] for row in rows if row.get("severity") == "high"} == {
        str(n) for n in range(0, COUNT, 10) if card(n) == card(3)
    }


def test_a_history_may_be_cut(search: Callable[..., Said]) -> None:
    rows = search("--entity", card(3), "--most", 2, "--json").rows

    assert len(rows) == 2


def test_the_top_alerts_are_those_with_the_highest_scores(search: Callable[..., Said]) -> None:
    rows = search("--top", 3, "--json").rows

    assert [row["event_id"] for row in rows] == ["1000", "230", "220"]
    assert rows[1]["reasons"][0]["contribution"] == 0.1 + 0.2


def test_a_window_is_from_inclusive_and_until_exclusive(search: Callable[..., Said]) -> None:
    first, last = spell(START + 100 * STEP + 100), spell(START + 120 * STEP + 120)

    rows = search("--top", 50, "--from", first, "--until", last, "--json").rows

    assert sorted(row["event_id"] for row in rows) == ["100", "110"]


def test_rates_by_hour_count_scores_late_ones_and_alerts(search: Callable[..., Said]) -> None:
    rows = search("--by-hour", "--json").rows

    assert [row["hour"] for row in rows] == [spell(START + n * HOUR) for n in range(11)]
    assert [row["scores"] for row in rows] == [24] * 10 + [1]
    assert [row["late"] for row in rows] == [0] * 10 + [1]
    assert sum(row["alerts"] for row in rows) == COUNT // 10 + 1
    assert rows[10]["mean"] == rows[10]["highest"] == 0.96


def test_a_table_shows_what_comes_from_data_and_does_nothing_it_says(
    search: Callable[..., Said],
) -> None:
    said = search("--top", 1)

    assert said.code == 0
    assert r"\x1b[2J[b]x[/b]" in said.out
    assert "\x1b" not in said.out


@pytest.mark.parametrize(
    "question", [("--entity", "nobody"), ("--top", 5, "--until", "1999-01-01")]
)
def test_nothing_found_is_no_error(search: Callable[..., Said], question: tuple[Any, ...]) -> None:
    assert search(*question) == Said(0, "nothing was found\n", "")


def test_a_prefix_that_was_never_indexed_has_nothing(search: Callable[..., Said]) -> None:
    assert search("--by-hour", "--topics", "never").out == "nothing was found\n"


@pytest.mark.parametrize("question", [(), ("--top", 1, "--by-hour")])
def test_one_question_is_asked_at_a_time(
    search: Callable[..., Said], question: tuple[Any, ...]
) -> None:
    said = search(*question)

    assert (said.code, said.out) == (2, "")
    assert "one of --entity VALUE, --top N and --by-hour" in said.err


def test_histories_end_at_microseconds(search: Callable[..., Said]) -> None:
    time = START + 3 * STEP + 3

    rows = search(
        *("--entity", card(3), "--from", spell(time), "--until", spell(time + 1), "--json")
    ).rows

    assert [row["event_id"] for row in rows] == ["3"]
