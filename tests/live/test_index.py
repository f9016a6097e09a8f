"""What is on the topics of scores and alerts is in the index, once and bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from index_examples import (
    DAY,
    HOUR,
    START,
    alerts,
    client_of,
    held,
    read,
    rewind,
    score,
    scores,
    settings_of,
    sources,
    write,
)

from workbench.errors import ParameterError
from workbench.live.clients import LiveError
from workbench.live.index.layout import Layout
from workbench.live.index.relay import relay
from workbench.live.topics import Topics

if TYPE_CHECKING:
    from servers import Server

    from workbench.live.settings import Settings

IDLE = 0.5


@pytest.fixture
def settings(kafka: Server, search_engines: Server) -> Settings:
    return settings_of(kafka, search_engines)


@pytest.fixture
def names(topics: str) -> Topics:
    return Topics(topics)


def test_scores_and_alerts_lie_in_the_indices_of_their_days(
    settings: Settings, names: Topics
) -> None:
    written = scores(names, 240, step=HOUR // 4)
    raised = alerts(names, written)
    write(settings, names, written + raised)

    done = relay(settings, names, until_idle=IDLE)

    assert (done.taken, done.there, done.quarantined) == (264, 0, 0)
    with client_of(settings) as client:
        found = held(client, names.prefix, "scores")
        warnings = sources(client, names.prefix, "alerts")
    assert {hit["_index"] for hit in found} == {
        f"{names.prefix}-scores-2018.04.{day:02}" for day in (1, 2, 3)
    }
    assert all(hit["_source"]["event_time"][8:10] == hit["_index"][-2:] for hit in found)
    assert sorted(hit["_source"]["event_id"] for hit in found) == sorted(map(str, range(240)))
    assert warnings == {(a := orjson.loads(value))["alert_id"]: a for _, _, value in raised}


def test_scores_and_times_read_back_bit_for_bit(settings: Settings, names: Topics) -> None:
    values = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, 1 / 3, 1.0, 1e-17, 0.0]
    contents = [score(number, START + number, value) for number, value in enumerate(values)]
    write(settings, names, [(names.scores, b"card-1", orjson.dumps(one)) for one in contents])

    relay(settings, names, until_idle=IDLE)

    with client_of(settings) as client:
        # Both what was sent and what the engine sorts and counts with.
        client.indices.refresh(index=f"{names.prefix}-scores")
        body = {"docvalue_fields": ["score"], "sort": ["event_time"], "query": {"match_all": {}}}
        hits = client.search(index=f"{names.prefix}-scores", body=body)["hits"]["hits"]
    assert [hit["_source"] for hit in hits] == [one | {"entity": "card-1"} for one in contents]
    assert [hit["fields"]["score"][0] for hit in hits] == values


def test_reading_again_changes_nothing(settings: Settings, names: Topics) -> None:
    written = scores(names, 300)
    write(settings, names, written + alerts(names, written))
    relay(settings, names, until_idle=IDLE)
    with client_of(settings) as client:
        before = [held(client, names.prefix, kind) for kind in ("scores", "alerts")]
    rewind(settings, names)

    done = relay(settings, names, until_idle=IDLE)

    assert (done.taken, done.there) == (0, 330)
    with client_of(settings) as client:
        after = [held(client, names.prefix, kind) for kind in ("scores", "alerts")]
    told = ("_id", "_version", "_seq_no", "_source")
    for one, other in zip(before, after, strict=True):
        assert [[hit[name] for name in told] for hit in one] == [
            [hit[name] for name in told] for hit in other
        ]


def test_a_second_relay_goes_on_where_the_first_one_ended(
    settings: Settings, names: Topics
) -> None:
    write(settings, names, scores(names, 100))
    relay(settings, names, until_idle=IDLE)
    write(settings, names, scores(names, 50, first=100))

    done = relay(settings, names, until_idle=IDLE)

    assert (done.taken, done.there) == (50, 0)


def test_of_two_with_one_id_the_later_counts(settings: Settings, names: Topics) -> None:
    one, other = score(1, START, 0.1), score(1, START, 0.2)
    write(
        settings, names, [(names.scores, b"card-1", orjson.dumps(value)) for value in (one, other)]
    )

    relay(settings, names, until_idle=IDLE)
    rewind(settings, names)
    relay(settings, names, until_idle=IDLE)

    with client_of(settings) as client:
        found = sources(client, names.prefix, "scores")
    assert [content["score"] for content in found.values()] == [0.2]


def test_what_cannot_be_indexed_is_in_quarantine_and_the_rest_is_there(
    settings: Settings, names: Topics
) -> None:
    good = score(1, START)
    bad = {
        "mapping: strict_dynamic_mapping_exception": orjson.dumps(good | {"colour": "red"}),
        "score": orjson.dumps(good | {"score": "0.5"}),
        "late": orjson.dumps(good | {"late": "perhaps"}),
        "event_time: missing": orjson.dumps({"event_id": "2"}),
        "artifact: missing": orjson.dumps(good | {"artifact": None}),
        "tombstone": None,
        "not JSON": b"\xff{",
    }
    messages = [(names.scores, b"card-1", value) for value in bad.values()]
    around = [(names.scores, b"card-1", orjson.dumps(score(n, START))) for n in (7, 8)]
    write(settings, names, [around[0], *messages, around[1]])

    done = relay(settings, names, until_idle=IDLE)

    told = sorted(read(settings, names.quarantine), key=lambda one: one["offset"])
    assert (done.taken, done.quarantined) == (2, len(bad))
    assert {one["topic"] for one in told} == {names.scores}
    for reason, value in bad.items():
        matching = [one for one in told if reason in one["reason"]]
        assert matching, f"{reason}: {[one['reason'] for one in told]}"
        assert value is None or len(value) in {one["bytes"] for one in matching}
    with client_of(settings) as client:
        found = sources(client, names.prefix, "scores")
    assert {content["event_id"] for content in found.values()} == {"7", "8"}


def test_names_too_long_for_an_engine_are_kept(settings: Settings, names: Topics) -> None:
    long = score(1, START) | {"event_id": "7" * 600}
    entity = "k" * 40_000
    write(settings, names, [(names.scores, entity.encode(), orjson.dumps(long))])

    done = relay(settings, names, until_idle=IDLE)

    with client_of(settings) as client:
        (found,) = sources(client, names.prefix, "scores").values()
    assert (done.taken, done.quarantined) == (1, 0)
    assert found == long | {"entity": entity}


def test_old_days_go_by_event_time(settings: Settings, names: Topics) -> None:
    write(settings, names, scores(names, 6, step=DAY))

    done = relay(settings, names, until_idle=IDLE, keep=2)
    write(settings, names, scores(names, 1, step=DAY))
    again = relay(settings, names, until_idle=IDLE, keep=2)

    with client_of(settings) as client:
        found = sources(client, names.prefix, "scores")
        there = client.indices.get_alias(index=f"{names.prefix}-scores-*")
    assert {content["event_id"] for content in found.values()} == {"3", "4", "5"}
    assert sorted(name[-2:] for name in there) == ["04", "05", "06"]
    assert done.taken + done.expired == 6
    assert (again.taken, again.expired) == (0, 1)


def test_a_case_whose_name_begins_with_another_ones_keeps_its_own(
    settings: Settings, names: Topics
) -> None:
    other = Topics(f"{names.prefix}-scores-x")
    write(settings, names, scores(names, 5))
    write(settings, other, scores(other, 7))

    relay(settings, names, until_idle=IDLE)
    relay(settings, other, until_idle=IDLE, keep=0)

    with client_of(settings) as client:
        assert len(sources(client, names.prefix, "scores")) == 5
        assert len(sources(client, other.prefix, "scores")) == 7


def test_a_full_disk_is_said_and_nothing_is_lost(settings: Settings, names: Topics) -> None:
    write(settings, names, scores(names, 5))
    relay(settings, names, until_idle=IDLE)
    index = Layout(names.prefix).index("scores", START)
    blocked = "index.blocks.read_only_allow_delete"
    write(settings, names, scores(names, 5, first=5))
    with client_of(settings) as client:
        # As the engine itself does where a disk is full.
        client.indices.put_settings(index=index, body={blocked: True})
        with pytest.raises(LiveError, match="its disk is full"):
            relay(settings, names, until_idle=IDLE)
        client.indices.put_settings(index=index, body={blocked: None})

    done = relay(settings, names, until_idle=IDLE)

    assert done.taken == 5


def test_the_prefix_must_be_a_name_that_an_index_can_have(settings: Settings) -> None:
    with pytest.raises(ParameterError, match="small letters"):
        relay(settings, Topics("Fraud"), until_idle=IDLE)
