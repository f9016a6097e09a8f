"""The recommend case's metrics: by hand, and against the protocol written out in plain Python."""

import json
import math
from datetime import timedelta
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recommend_frames import SCHEMA, random, written

from workbench.cases.recommend.metrics import MEASURES, compare, evaluate, gini, ndcg
from workbench.cases.recommend.sample import Lists
from workbench.errors import ParameterError
from workbench.replay.totals import Totals


def by_the_protocol(frame):
    """Every metric over the whole, event by event, as the module's docstring words it."""
    rows = frame.sort("event_time", "event_id").to_dicts()
    there = [row for row in rows if row["kind"] != "stock"]
    items = {row["item"] for row in rows} | {i for row in rows for i in row["items"] or ()}
    count = {item: 1 + sum(row["item"] == item for row in there) for item in items}
    begun, level, events, lists = set(), {}, [], []
    for number, row in enumerate(rows):
        if row["kind"] == "stock":
            level[row["item"]] = row["on_hand"]
            continue
        first = row["session"] in begun
        begun.add(row["session"])
        if number < 0.05 * len(rows) or not first:
            continue
        shown = list(dict.fromkeys(row["items"] or ()))
        rest = {
            later["item"]
            for later in there
            if later["session"] == row["session"]
            and (later["event_time"], later["event_id"]) >= (row["event_time"], row["event_id"])
        }
        place = shown.index(row["item"]) + 1 if row["item"] in shown else math.inf
        event = {"slots": len(shown), "known_out": sum(level.get(i) == 0 for i in shown)}
        event["novelty"] = sum(-math.log2(count[i] / sum(count.values())) for i in shown)
        for suffix, k in (("", 20), ("_at_10", 10)):
            event[f"hit_rate{suffix}"] = float(place <= k)
            event[f"mrr{suffix}"] = 1 / place if place <= k else 0.0
            event[f"ndcg{suffix}"] = 1 / math.log2(1 + place) if place <= k else 0.0
            event[f"recall{suffix}"] = len(rest & set(shown[:k])) / len(rest)
        events.append(event)
        lists.append(set(shown))
    found = {}
    for name in MEASURES:
        per = "slots" if name in {"novelty", "known_out"} else None
        total = sum(event[per] if per else 1 for event in events)
        if events and name in events[0]:
            found[name] = sum(event[name] for event in events) / total if total else math.nan
    pairs = list(combinations(lists, 2))
    overlap = [len(a & b) / 20 for a, b in pairs]
    found["diversity"] = 1 - sum(overlap) / len(pairs) if pairs else math.nan
    slots = [sum(item in one for one in lists) for item in items]
    differences = sum(abs(a - b) for a in slots for b in slots)
    found["gini"] = differences / (2 * len(slots) * sum(slots)) if sum(slots) else math.nan
    found["coverage"] = sum(n > 0 for n in slots) / len(items) if lists else math.nan
    return found, len(events)


def values(evaluation):
    return {name: estimate.value for name, estimate in evaluation.overall.items()}


EVENTS = st.tuples(
    st.sampled_from(["p", "q", "r"]), st.sampled_from("abcde"),
    st.none() | st.text("abcdefg", max_size=6), st.sampled_from([None, "u", "v"]),
    st.sampled_from(["view", "cart", "purchase"]),
)  # fmt: skip
LEVELS = st.tuples(st.none(), st.sampled_from("abcdef"), st.integers(0, 2))


@settings(max_examples=150)
@given(st.lists(EVENTS | LEVELS, min_size=1, max_size=25))
def test_the_protocol_on_any_small_stream(rows):
    frame = written(*rows)
    found, (wanted, n) = evaluate(frame, replicates=0), by_the_protocol(frame)
    assert found.n == n
    for name, value in wanted.items():
        assert found[name].value == pytest.approx(value, abs=1e-12, nan_ok=True), name


def test_the_protocol_on_a_longer_stream():
    frame = random()
    found, (wanted, n) = values(evaluate(frame, replicates=0)), by_the_protocol(frame)
    assert set(found) == set(wanted) == set(MEASURES) - {"truly_out", "saved"}
    assert n > 1000
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def test_a_hit_counts_by_its_place():
    found = evaluate(written(("s", "x", ""), ("s", "c", "abc")), replicates=0)
    assert found.n == 1
    assert (found["hit_rate"].value, found["mrr"].value, found["ndcg"].value) == (1, 1 / 3, 0.5)


def test_the_eleventh_place_is_a_hit_among_twenty_only():
    found = evaluate(written(("s", "x", ""), ("s", "k", "abcdefghijk")), replicates=0)
    assert (found["hit_rate"].value, found["hit_rate_at_10"].value) == (1, 0)
    assert (found["mrr"].value, found["mrr_at_10"].value) == (1 / 11, 0)


def test_the_first_event_of_a_session_is_not_scored():
    found = evaluate(written(("s", "a", "a"), ("t", "a", "a"), ("s", "a", "a")), replicates=0)
    assert found.n == 1
    assert found.excluded == {
        "stock levels": 0,
        "of the first 5%": 1,
        "first of their session": 1,
        "after the first 1,024 of their session": 0,
    }


def test_what_a_bot_clicks_on_and_on_is_not_scored():
    bot = [("bot", "a", "a")] * 2_000
    found = evaluate(written(*[("s", "a", "a")] * 100, *bot), replicates=0)
    assert found.n == 1_024 - 5  # of 2,100 events the first 105 are not scored either
    assert found.excluded["after the first 1,024 of their session"] == 2_000 - 1_024
    assert "976 after the first 1,024 of their session" in found.headline


def test_of_a_hundred_events_the_first_five_are_not_scored():
    found = evaluate(written(*[("s", "a", "a")] * 100), replicates=0)
    assert (found.n, found.excluded["of the first 5%"]) == (95, 5)


def test_a_session_that_began_among_the_first_events_has_had_its_first():
    frame = written(("s", "a", "a"), *[(None, "z", 1)] * 10, ("s", "a", "a"))
    assert evaluate(frame, replicates=0).n == 1


@pytest.mark.parametrize("items", [None, ""])
def test_no_answer_is_a_miss(items):
    found = evaluate(written(("s", "a", "a"), ("s", "a", items)), replicates=0)
    assert (found.n, found["hit_rate"].value) == (1, 0)
    assert math.isnan(found["novelty"].value)


def test_recall_asks_for_all_that_comes_in_the_session():
    frame = written(
        ("s", "x", ""), ("s", "a", "cz"), ("s", "b", ""), ("s", "c", ""), ("t", "z", "")
    )
    found = evaluate(frame, replicates=0)
    assert found["recall"].value == pytest.approx(1 / 3 / 3)  # c of a, b and c; then two misses


def test_an_item_is_known_to_be_out_from_the_event_after_its_stock_level_on():
    frame = written(
        ("s", "a", "a"), (None, "a", 0), ("s", "b", "ab"), (None, "a", 3), ("s", "b", "ab")
    )
    assert evaluate(frame, replicates=0)["known_out"].value == 1 / 4


def test_days_and_groups_add_up_to_the_whole():
    found = evaluate(random(), replicates=0)
    assert found.by_day["events"].sum() == found.n
    assert found.by_day["positives"].sum() == found.positives
    kinds = found.by_pattern.filter(
        pl.col("pattern").is_in(["views", "cart additions", "purchases"])
    )
    assert kinds["events"].sum() == found.n
    visitors = found.by_pattern.filter(pl.col("pattern").str.contains("visitors"))
    assert (len(visitors), visitors["events"].sum()) == (3, found.n)


def test_new_items_are_told_apart():
    found = evaluate(written(*[("s", "a", "b")] * 6, *[("s", "b", "b")] * 2), replicates=0)
    table = {row["pattern"]: row for row in found.by_pattern.to_dicts()}
    cold = table["items chosen less than 5 times before"]
    assert (cold["events"], cold["hit_rate"]) == (4 + 2, 2 / 6)
    assert (table["all other items"]["events"], table["all other items"]["hit_rate"]) == (1, 0)


def test_new_visitors_are_told_from_those_that_came_back_and_from_guests():
    found = evaluate(
        written(
            ("s", "a", "", "u"), ("s", "a", "a", "u"), ("t", "a", "", "u"), ("t", "b", "", "u"),
            ("g", "a", "", None), ("g", "b", "b", None),
        ), replicates=0,
    )  # fmt: skip
    table = {row["pattern"]: row["hit_rate"] for row in found.by_pattern.to_dicts()}
    assert table["visitors in their first session"] == 1
    assert table["visitors that came back"] == 0
    assert table["visitors that nobody knows"] == 1


def test_events_before_a_time_are_context_only():
    frame = written(*[("s", "a", "a")] * 5, (None, "a", 0), *[("s", "a", "a")] * 4)
    found = evaluate(frame, since=frame["event_time"][6], replicates=0)
    assert found.n == 4
    assert found["known_out"].value == 1
    assert found.by_pattern["pattern"].to_list()[1] == "all other items"


def test_what_is_scored_does_not_depend_on_the_order_of_rows():
    frame = random(400)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    assert values(evaluate(shuffled, replicates=0)) == values(evaluate(frame, replicates=0))


def test_pieces_are_evaluated_like_the_whole():
    frame = random()
    pieces = [frame[:0], *frame.sort("event_time", "event_id").iter_slices(17)]
    assert evaluate(iter(pieces)).to_dict() == evaluate(frame).to_dict()


def test_an_interval_is_that_of_sessions():
    """Every event told twice is more events, and not more that is known."""
    frame = random(800)
    again = frame.with_columns(
        event_id=pl.col("event_id") + "b", event_time=pl.col("event_time") + timedelta(seconds=1)
    )
    once, twice = (
        evaluate(rows, replicates=200)["hit_rate"] for rows in (frame, pl.concat([frame, again]))
    )
    assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=0.15)


def test_weights_count_a_session_like_its_copies():
    rng = np.random.default_rng(3)
    entity, part, sums = rng.integers(0, 9, 50), rng.integers(0, 4, 50), rng.random((50, 3))
    weights = rng.poisson(1, 9).astype(np.uint8)
    copies = np.repeat(np.arange(50), weights[entity])
    wanted = [sums[copies][part[copies] == p].sum(axis=0) for p in range(4)]
    assert Totals(sums.T, entity, part, 4)(weights) == pytest.approx(np.array(wanted))


def test_the_objective_is_the_metric_of_the_same_name():
    frame = random()
    assert ndcg(frame) == pytest.approx(evaluate(frame, replicates=0)["ndcg"].value, abs=1e-15)


def test_a_better_recommender_is_certain_to_be_better_on_the_same_events():
    frame = random()
    worse = frame.with_columns(items=pl.col("items").list.reverse())
    found = compare(frame, worse, replicates=60)
    assert found.n == evaluate(frame, replicates=0).n
    assert found.verdict("mrr") == "better"
    assert compare(worse, frame, replicates=60).verdict("ndcg") == "worse"
    assert found["hit_rate"].value == 0


def test_a_comparison_uses_the_events_that_both_scored_and_counts_the_others():
    frame = random()
    found = compare(frame, frame[500:], replicates=5)
    ids = [set(Lists(part).ids) for part in (frame, frame[500:])]
    assert found.n == len(ids[0] & ids[1])
    assert found.unshared == len(ids[0] ^ ids[1])
    assert all(estimate.value == 0 for name, estimate in found.differences.items()
               if name != "novelty")  # fmt: skip


def test_runs_that_share_no_event_cannot_be_compared():
    frame = random(200)
    with pytest.raises(ParameterError, match="share no scored event"):
        compare(frame[:100], frame[100:])


def test_a_frame_without_recommendations_is_refused():
    with pytest.raises(ParameterError, match="without the column 'items'"):
        evaluate(random(50).drop("items"))


def test_an_empty_frame_has_undefined_metrics():
    found = evaluate(pl.DataFrame(schema=SCHEMA), replicates=5)
    assert (found.n, found.positives, found.entities) == (0, 0, 0)
    assert math.isnan(found["hit_rate"].value)
    assert math.isnan(ndcg(pl.DataFrame(schema=SCHEMA)))
    assert found.by_day.is_empty()
    assert found._repr_html_()


def test_the_same_frame_and_seed_give_the_same_json():
    first, second = (evaluate(random(400), replicates=30, seed=2) for _ in range(2))
    text = json.dumps(first.to_dict(), allow_nan=False)
    assert text == json.dumps(second.to_dict(), allow_nan=False)


def test_people_read_hits_and_groups_of_events():
    found = evaluate(random(), replicates=10)
    assert " hits, " in repr(found)
    assert "HitRate@20" in repr(found)
    assert "By group of events" in found._repr_html_()


def test_gini_is_half_the_mean_difference_to_the_mean():
    assert gini(np.array([1, 1, 2, 4])) == 20 / 16 / 2 / 2
