"""Scores and alerts as they arrive, from a real broker, and what a page shows of them."""

from __future__ import annotations

import threading
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

import workbench as wb
from workbench.errors import ParameterError
from workbench.live import clients
from workbench.live.clients import LiveError
from workbench.live.results import alerted, answered
from workbench.live.tailing import tail
from workbench.live.topics import Topics, create
from workbench.replay.answers import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server

SCRIPT = "<script>alert('card')</script>"
SCORE = {
    "event_id": "7",
    "event_time": "2024-01-01T00:00:00.000001Z",
    "score": 0.1 + 0.2,
    "artifact": "0123456789abcdef",
    "late": False,
}
ALERT = SCORE | {
    "alert_id": "a" * 32,
    "entity": "card-1",
    "threshold": 0.25,
    "severity": "high",
    "reasons": [
        {"feature": "amount", "value": 12_000.0, "contribution": 1.5},
        {"feature": "count_1d", "value": 4.0, "contribution": -0.25},
    ],
}


class Writer:
    """Writes to the topics of one test."""

    def __init__(self, server: Server, prefix: str) -> None:
        self.topics = Topics(prefix)
        create(server.settings, self.topics, partitions=2)
        self.producer = clients.producer(server.settings)

    def write(self, topic: str, *values: Any) -> None:
        for value in values:
            content = value if isinstance(value, bytes) else orjson.dumps(value)
            self.producer.send(getattr(self.topics, topic), content, partition=0)
        self.producer.flush()


@pytest.fixture
def writer(kafka: Server, topics: str) -> Iterator[Writer]:
    writer = Writer(kafka, topics)
    yield writer
    writer.producer.close()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a notebook would show, one drawing after the other."""
    drawings: list[str] = []

    class Handle:
        def update(self, html: Any) -> None:
            drawings.append(html.data)

    def display(html: Any, *, display_id: bool) -> Handle:
        assert display_id
        drawings.append(html.data)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    return drawings


def looked(kafka: Server, writer: Writer, **options: Any) -> Any:
    """Go through all that is on the topics."""
    given = {"start": "first", "until_idle": 0.5, "settings": kafka.settings} | options
    found = tail("fraud", writer.topics.prefix, **given)
    for _ in found:
        pass
    return found


def test_scores_and_alerts_are_frames(kafka: Server, writer: Writer) -> None:
    writer.write("scores", SCORE, SCORE | {"event_id": "8", "late": True})
    writer.write("alerts", ALERT)

    found = looked(kafka, writer)

    assert found.scores.schema == answered(ANSWERS["score"])
    assert found.scores["event_id"].to_list() == ["7", "8"]
    assert found.scores["late"].to_list() == [False, True]
    assert found.scores["event_time"].dt.timestamp("us")[0] == 1_704_067_200_000_001
    assert found.alerts.schema == alerted(ANSWERS["score"])
    assert found.alerts["reasons"].to_list() == [ALERT["reasons"]]


def test_a_score_is_the_same_bit_for_bit(kafka: Server, writer: Writer) -> None:
    writer.write("scores", SCORE)

    assert looked(kafka, writer).scores["score"][0].hex() == (0.1 + 0.2).hex()


def test_frames_are_there_before_anything_has_come(kafka: Server, writer: Writer) -> None:
    found = looked(kafka, writer)

    assert (found.scores.height, found.alerts.height) == (0, 0)


def test_each_is_yielded_with_its_place(kafka: Server, writer: Writer) -> None:
    writer.write("scores", SCORE, SCORE | {"event_id": "8"})

    with tail("fraud", writer.topics.prefix, start="first", limit=2, settings=kafka.settings) as it:
        arrived = [(one.kind, one.partition, one.offset, one.value["event_id"]) for one in it]

    assert arrived == [("score", 0, 0, "7"), ("score", 0, 1, "8")]


def test_it_shows_what_comes_after_the_call_and_nothing_before(
    kafka: Server, writer: Writer
) -> None:
    writer.write("scores", SCORE | {"event_id": "before"})
    found = tail("fraud", writer.topics.prefix, limit=1, settings=kafka.settings)
    writer.write("scores", SCORE | {"event_id": "after"})

    assert [one.value["event_id"] for one in found] == ["after"]


def test_it_waits_for_what_is_written_meanwhile(kafka: Server, writer: Writer) -> None:
    found = tail("fraud", writer.topics.prefix, limit=1, settings=kafka.settings)
    late = threading.Timer(0.3, writer.write, ("scores", SCORE))
    late.start()

    assert [one.value["event_id"] for one in found] == ["7"]
    late.join()


def test_the_limit_ends_it(kafka: Server, writer: Writer) -> None:
    writer.write("scores", *[SCORE] * 5)

    assert looked(kafka, writer, limit=3).scores.height == 3


def test_the_time_ends_it(kafka: Server, writer: Writer) -> None:
    assert looked(kafka, writer, until_idle=None, seconds=0.2).counts["score"] == 0


def test_silence_ends_it(kafka: Server, writer: Writer) -> None:
    assert looked(kafka, writer, until_idle="200ms").counts["score"] == 0


def test_it_goes_on_where_a_loop_was_left(kafka: Server, writer: Writer) -> None:
    writer.write("scores", *[SCORE | {"event_id": str(i)} for i in range(4)])
    found = tail("fraud", writer.topics.prefix, start="first", limit=4, settings=kafka.settings)

    first = next(iter(found)).value["event_id"]

    assert [first, *(one.value["event_id"] for one in found)] == ["0", "1", "2", "3"]


def test_what_is_not_committed_is_not_shown(kafka: Server, writer: Writer) -> None:
    producer = clients.producer(kafka.settings, transactional_id=writer.topics.prefix)
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(writer.topics.scores, orjson.dumps(SCORE), partition=0)
    producer.flush()
    producer.abort_transaction()
    producer.close()
    writer.write("scores", SCORE | {"event_id": "committed"})

    assert looked(kafka, writer, limit=1).scores["event_id"].to_list() == ["committed"]


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        {"event_id": "7"},
        SCORE | {"event_time": "today"},
        SCORE | {"score": "high"},
        SCORE | {"late": "no"},
        SCORE | {"event_id": ["7"]},
    ],
)
def test_what_is_no_score_is_counted_and_passed_over(
    kafka: Server, writer: Writer, bad: object
) -> None:
    writer.write("scores", bad, SCORE)

    found = looked(kafka, writer, limit=1)

    assert found.unreadable == 1
    assert found.scores["event_id"].to_list() == ["7"]
    assert "1 unreadable" in found._repr_html_()


@pytest.mark.parametrize("reasons", [SCRIPT, [SCRIPT], [{"feature": "a", "value": SCRIPT}]])
def test_an_alert_with_other_reasons_than_agreed_is_passed_over(
    kafka: Server, writer: Writer, reasons: object
) -> None:
    writer.write("alerts", ALERT | {"reasons": reasons}, ALERT)

    found = looked(kafka, writer, limit=1)

    assert (found.unreadable, found.alerts.height) == (1, 1)


def test_an_entity_that_is_a_number_is_shown_as_text(kafka: Server, writer: Writer) -> None:
    writer.write("alerts", ALERT | {"entity": 4000})

    assert looked(kafka, writer, limit=1).alerts["entity"].to_list() == ["4000"]


class Page(HTMLParser):
    """Collects elements and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


@pytest.mark.parametrize("field", ["entity", "severity", "event_id", "alert_id"])
def test_nothing_of_a_message_becomes_part_of_the_page(
    kafka: Server, writer: Writer, field: str
) -> None:
    reasons = [{"feature": SCRIPT, "value": 1.0, "contribution": 1.0}]
    writer.write("alerts", ALERT | {field: SCRIPT, "reasons": reasons})
    writer.write("scores", SCORE | {"event_id": SCRIPT, "artifact": SCRIPT})

    found = looked(kafka, writer, limit=2)
    page = Page(found._repr_html_())

    assert "script" not in page.elements
    assert SCRIPT in page.text
    assert found.alerts.height == 1


def test_the_page_shows_the_last_alerts_and_why(kafka: Server, writer: Writer) -> None:
    writer.write("alerts", *[ALERT | {"entity": f"card-{i}"} for i in range(12)])

    text = Page(looked(kafka, writer, limit=12)._repr_html_()).text

    assert "12 alerts" in text
    assert "card-11" in text
    assert "card-1 " not in text
    assert "amount 1.2e+04 (+1.50); count_1d 4 (-0.25)" in text


def test_a_notebook_draws_in_place_what_has_come(
    kafka: Server, writer: Writer, drawn: list[str]
) -> None:
    writer.write("scores", SCORE, SCORE)
    found = tail("fraud", writer.topics.prefix, start="first", limit=2, settings=kafka.settings)
    found._ipython_display_()

    assert "0 scores" in drawn[0]
    assert "2 scores" in drawn[-1]


def test_the_stop_button_ends_it_and_what_has_come_stays(
    kafka: Server, writer: Writer, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.write("scores", SCORE)
    found = tail("fraud", writer.topics.prefix, start="first", settings=kafka.settings)
    poll = found._poll

    def stopped_after_the_first() -> None:
        if found.counts["score"]:
            raise KeyboardInterrupt
        poll()

    monkeypatch.setattr(found, "_poll", stopped_after_the_first)
    found._ipython_display_()

    assert "1 score," in drawn[-1]
    assert found.scores.height == 1
    assert list(found) == []


def test_topics_that_are_not_there_are_named(kafka: Server, topics: str) -> None:
    with pytest.raises(LiveError, match=f"{topics}.scores"):
        tail("fraud", topics, settings=kafka.settings)


@pytest.mark.parametrize(
    "options", [{"seconds": 0}, {"limit": -1}, {"start": "yesterday"}, {"until_idle": "soon"}]
)
def test_an_impossible_option_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=str(next(iter(options.values())))):
        tail("fraud", **options)


def test_an_unknown_case_is_refused() -> None:
    with pytest.raises(ParameterError, match="frued"):
        wb.live.tail("frued")


def test_the_workbench_offers_it() -> None:
    assert wb.live.tail is tail
    with pytest.raises(AttributeError, match="'head'"):
        _ = wb.live.head


def test_a_frame_of_alerts_can_be_asked_for_its_reasons(kafka: Server, writer: Writer) -> None:
    writer.write("alerts", ALERT)

    reasons = looked(kafka, writer, limit=1).alerts.explode("reasons").unnest("reasons")

    assert reasons.select("feature", "contribution").rows() == [
        ("amount", 1.5),
        ("count_1d", -0.25),
    ]
    assert reasons["value"].dtype == pl.Float64
