"""What the fraud simulator promises: the same bytes, a sound order, patterns where truth says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from workbench.cases.fraud.schema import SCHEMA
from workbench.cases.fraud.simulation.labels import LONGEST, SHORTEST
from workbench.cases.fraud.simulation.population import (
    AREA_KM,
    FAR_KM,
    SIDE,
    distances,
    populate,
)
from workbench.cases.fraud.simulation.schedule import PATTERNS, ground_truth, sale_days
from workbench.cases.fraud.simulator import START, generate, simulate
from workbench.errors import ParameterError
from workbench.streams.writer import StreamWriter

DAYS, SEED = 60, 3
RECORDED = Path(__file__).parents[3] / "data" / "fraud"


def joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, rechunk=True)


def written(folder: Path, **parameters: Any) -> dict[str, bytes]:
    with StreamWriter(folder, "fraud", SCHEMA, {}) as writer:
        simulate(writer, **parameters)
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def kilometres(one: pl.Series, other: pl.Series) -> np.ndarray:
    numbers = [s.str.slice(1).cast(pl.Int64).to_numpy() for s in (one, other)]
    return distances()[numbers[0], numbers[1]]


@pytest.fixture(scope="module")
def stream() -> pl.DataFrame:
    """All that is known of each event: label, when it is known, pattern, day, usual area."""
    parts = list(generate(days=DAYS, seed=SEED))
    events = joined([p.events for p in parts])
    home = (
        events.group_by("card", "area")
        .len()
        .sort("len", "area", descending=True)
        .unique("card", keep="first", maintain_order=True)
        .select("card", home="area")
    )
    habit = events.group_by("card").agg(habit=pl.col("amount").median())
    return (
        events.join(joined([p.labels for p in parts]), on="event_id", maintain_order="left")
        .join(joined([p.patterns for p in parts]), "event_id", "left", maintain_order="left")
        .join(home, on="card", maintain_order="left")
        .join(habit, on="card", maintain_order="left")
        .with_columns(
            day=(pl.col("event_time") - START).dt.total_days(),
            hour=pl.col("event_time").dt.hour(),
            delay=pl.col("known_at") - pl.col("event_time"),
        )
    )


@pytest.fixture(scope="module")
def genuine(stream: pl.DataFrame) -> pl.DataFrame:
    return stream.filter(pl.col("pattern").is_null())


# The same parameters, the same stream


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path / "a", days=6, seed=5, scale=0.05)
    assert first == written(tmp_path / "b", days=6, seed=5, scale=0.05)
    assert "truth.json" in first


def test_another_seed_gives_another_stream() -> None:
    one, other = (next(generate(days=2, seed=s, scale=0.05)).events for s in (1, 2))
    assert not one.equals(other)


def test_the_cut_into_parts_changes_nothing() -> None:
    daily = list(generate(days=20, seed=5, scale=0.05, rows=1))
    whole = list(generate(days=20, seed=5, scale=0.05, rows=10**9))
    assert (len(daily), len(whole)) == (20, 1)
    for kind in ("events", "labels", "patterns"):
        assert joined([getattr(p, kind) for p in daily]).equals(getattr(whole[0], kind))


def test_progress_ends_with_all_days(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    written(
        tmp_path / "s", days=3, scale=0.05, progress=lambda done, days: seen.append((done, days))
    )
    assert seen[-1] == (3, 3)


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ({"days": 0}, "days = 0"),
        ({"days": 4000}, "days = 4000"),
        ({"seed": -1}, "seed = -1"),
        ({"scale": 0.0}, "scale = 0.0"),
        ({"scale": float("nan")}, "scale = nan"),
        ({"start": datetime(2025, 3, 3, 9, tzinfo=UTC)}, "start = 2025-03-03T09:00:00"),
        ({"start": datetime(2025, 3, 3)}, "start = 2025-03-03T00:00:00"),
    ],
)
def test_impossible_parameters_are_refused_with_their_value(
    wrong: dict[str, Any], value: str
) -> None:
    with pytest.raises(ParameterError, match=value):
        generate(**wrong)


def test_the_smallest_stream_is_whole() -> None:
    (part,) = generate(days=1, scale=0.01)
    assert part.events.height == part.labels.height > 0


# Order and form


def test_events_come_in_one_total_order_within_the_days(stream: pl.DataFrame) -> None:
    assert stream.equals(stream.sort("event_time", "event_id"))
    assert stream["event_id"].is_sorted()
    assert stream["event_id"].n_unique() == stream.height
    assert stream["event_time"][0] >= START
    assert stream["event_time"][-1] < START + timedelta(days=DAYS)


def test_events_hold_to_the_schema(stream: pl.DataFrame) -> None:
    events = stream.select(SCHEMA.events.names())
    assert events.schema == SCHEMA.events
    assert events.null_count().sum_horizontal().item() == 0
    limits = SCHEMA.column("amount")
    assert limits.minimum is not None
    assert limits.maximum is not None
    assert events["amount"].is_between(limits.minimum, limits.maximum).all()
    assert events["amount"].min() == 50
    assert events["area"].str.contains(r"^A\d\d$").all()


def test_a_terminal_stands_in_one_area(stream: pl.DataFrame) -> None:
    assert stream.group_by("terminal").agg(pl.col("area").n_unique())["area"].max() == 1


# Labels


def test_every_event_has_one_label_and_fraud_is_what_has_a_pattern(stream: pl.DataFrame) -> None:
    assert stream["label"].null_count() == 0
    assert (stream["label"] == 1).equals(stream["pattern"].is_not_null(), null_equal=True)


def test_labels_come_in_the_order_in_which_they_are_known() -> None:
    labels = joined([p.labels for p in generate(days=20, seed=5, scale=0.1, rows=1)])
    assert labels.equals(labels.sort("known_at", "event_id"))


def test_frauds_are_known_within_their_limits(stream: pl.DataFrame) -> None:
    delay = stream.filter(label=1)["delay"].dt.total_seconds()
    assert delay.is_between(SHORTEST, LONGEST).all()
    assert 4 < delay.median() / 86_400 < 6


def test_each_pattern_is_noticed_as_late_as_truth_says(stream: pl.DataFrame) -> None:
    medians = stream.filter(label=1).group_by("pattern").agg(pl.col("delay").median())
    for name, median in medians.iter_rows():
        (stated,) = (p.median_delay for p in PATTERNS if p.name == name)
        assert median / timedelta(days=1) == pytest.approx(stated, rel=0.35), name


def test_genuine_labels_are_known_on_the_hour_after_fourteen_days(genuine: pl.DataFrame) -> None:
    late = genuine["delay"] - timedelta(days=7)
    assert late.is_between(timedelta(0), timedelta(hours=1)).all()
    assert (genuine["known_at"].dt.truncate("1h") == genuine["known_at"]).all()


# Genuine use


def test_cards_mostly_pay_near_home(genuine: pl.DataFrame) -> None:
    away = kilometres(genuine["home"], genuine["area"])
    assert (away <= 2 * AREA_KM).mean() > 0.7


def test_some_cards_travel_far(genuine: pl.DataFrame) -> None:
    away = kilometres(genuine["home"], genuine["area"])
    assert 0.01 < (away >= FAR_KM).mean() < 0.10


def test_each_card_has_a_habit_of_its_own(genuine: pl.DataFrame) -> None:
    logs = genuine.with_columns(log=pl.col("amount").log())
    within = logs.group_by("card").agg(pl.col("log").var())["log"].mean()
    assert isinstance(within, float)
    assert 0.3 < within / float(np.var(logs["log"].to_numpy())) < 0.75


def test_genuine_cards_make_large_purchases_and_bursts(genuine: pl.DataFrame) -> None:
    assert 0.002 < (genuine["amount"] > 5 * genuine["habit"]).mean() < 0.03
    quick = genuine.select(pl.col("event_time").diff(4).over("card") < timedelta(hours=1))
    assert quick.to_series().sum() > 50


def test_days_and_weeks_have_a_rhythm(genuine: pl.DataFrame) -> None:
    hours = genuine["hour"].value_counts().sort("hour")["count"]
    assert hours[2:5].max() < 0.15 * hours[11:19].min()
    ordinary = genuine.filter(~pl.col("day").is_between(*sale_days(DAYS)))
    weekdays = ordinary.group_by(pl.col("event_time").dt.weekday()).len().sort("event_time")
    assert weekdays["len"].arg_max() in (4, 5)
    assert weekdays["len"].arg_min() == 6


def test_cards_without_a_past_appear_throughout(genuine: pl.DataFrame) -> None:
    first = genuine.group_by("card").agg(pl.col("day").min())["day"]
    assert (first >= 30).sum() > 30


def test_purchases_near_an_area_follow_attractiveness_and_distance() -> None:
    people, size = populate(seed=2, scale=0.2), 200_000
    area = int(people.home[0])
    drawn = people.near(np.full(size, area), np.random.default_rng(0))
    weight = np.diff(people.popularity) * np.exp(-distances()[area, people.area] / 8.0)
    expected = weight / weight.sum()
    share = np.bincount(drawn, minlength=weight.size) / size
    deviations = (share - expected) / np.sqrt(expected * (1 - expected) / size)
    assert np.abs(deviations).max() < 5


def test_far_is_far() -> None:
    people = populate(seed=2, scale=0.2)
    home = np.repeat(np.arange(SIDE * SIDE), 50)
    goal = people.area[people.far(home, np.random.default_rng(0))]
    assert distances()[home, goal].min() >= FAR_KM


# Fraud


def test_fraud_is_rare(stream: pl.DataFrame) -> None:
    assert 0.005 < (stream["label"] == 1).mean() < 0.01


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p.name)
def test_a_pattern_occurs_within_its_span_and_not_outside(
    stream: pl.DataFrame, pattern: Any
) -> None:
    days = stream.filter(pattern=pattern.name)["day"]
    first, last = pattern.span(DAYS)
    assert days.len() > 30
    assert days.is_between(first, last - 1).all()
    assert days.min() <= first + 7
    assert days.max() >= last - 7


def test_large_amounts_are_large_and_alone(stream: pl.DataFrame) -> None:
    large = stream.filter(pattern="large_amount")
    assert large["amount"].quantile(0.05) > 30_000
    usual = stream.filter(label=0)["amount"].quantile(0.99)
    assert (large["amount"] > usual).mean() > 0.95


def test_a_compromised_terminal_is_mostly_fraud_for_a_span_of_days(stream: pl.DataFrame) -> None:
    span = (
        stream.filter(pattern="compromised_terminal")
        .group_by("terminal")
        .agg(since=pl.col("event_time").min(), until=pl.col("event_time").max(), n=pl.len())
        .filter(pl.col("n") >= 8)
    )
    assert span.height >= 5
    assert (span["until"] - span["since"]).max() <= timedelta(days=35)
    inside = stream.join(span, on="terminal").filter(
        pl.col("event_time").is_between("since", "until")
    )
    shares = inside.group_by("terminal").agg(pl.col("label").mean())["label"]
    assert shares.min() > 0.3
    assert shares.max() < 1.0


def test_a_stolen_card_spends_many_times_its_habit_near_home(stream: pl.DataFrame) -> None:
    stolen = stream.filter(pattern="stolen_card")
    assert (stolen["amount"] / stolen["habit"]).quantile(0.1) > 1.8
    assert np.median(kilometres(stolen["home"], stolen["area"])) <= 2 * AREA_KM


def test_thieves_grow_cautious_on_the_day_that_truth_names(stream: pl.DataFrame) -> None:
    stolen = stream.filter(pattern="stolen_card").with_columns(
        ratio=pl.col("amount") / pl.col("habit"), late=pl.col("day") >= 26
    )
    before, after = stolen.group_by("late").agg(pl.col("ratio").median()).sort("late")["ratio"]
    assert after < 0.8 * before


def test_card_testing_is_many_small_amounts_within_minutes(stream: pl.DataFrame) -> None:
    small = stream.filter(pl.col("pattern") == "card_testing", pl.col("amount") < 12_00)
    bouts = small.group_by("card", "day").agg(
        n=pl.len(), length=pl.col("event_time").max() - pl.col("event_time").min()
    )
    assert (bouts["n"] >= 5).mean() > 0.85
    assert bouts["length"].median() < timedelta(minutes=20)
    cashed = stream.filter(pl.col("pattern") == "card_testing", pl.col("amount") > 40_00)
    assert 0.3 < cashed.height / bouts.height < 0.9


def test_account_takeover_is_far_away_and_mostly_at_night(stream: pl.DataFrame) -> None:
    taken = stream.filter(pattern="account_takeover")
    away = kilometres(taken["home"], taken["area"])
    assert (away >= FAR_KM - 2 * AREA_KM).mean() > 0.9
    assert (taken["hour"] < 6).mean() > 0.6
    assert 1.0 < (taken["amount"] / taken["habit"]).median() < 4.0


def test_no_amount_alone_separates_fraud(stream: pl.DataFrame) -> None:
    limit = stream.filter(label=1)["amount"].quantile(0.9)
    flagged = stream.filter(pl.col("amount") >= limit)
    assert flagged["label"].mean() < 0.5


# Ground truth


def test_truth_names_every_change_within_the_stream_in_order() -> None:
    drift = ground_truth(START, DAYS)["drift"]
    times = [datetime.fromisoformat(change["time"]) for change in drift]
    assert times == sorted(times)
    assert all(START < time < START + timedelta(days=DAYS) for time in times)
    changes = sum(0 < p.first_day(DAYS) < DAYS for pattern in PATTERNS for p in pattern.phases)
    assert len(drift) == changes + len(sale_days(DAYS))


@pytest.mark.parametrize("days", [2, 5, 17, 365])
def test_spans_lie_within_streams_of_two_days_and_more(days: int) -> None:
    for pattern in PATTERNS:
        first, last = pattern.span(days)
        assert 0 <= first < last <= days


def test_the_sale_is_drift_that_is_no_fraud(genuine: pl.DataFrame) -> None:
    first, last = sale_days(DAYS)
    by_day = genuine.group_by("day").len().sort("day")["len"]
    week_before = by_day.slice(first - 7, last - first)
    assert by_day.slice(first, last - first).sum() > 1.15 * week_before.sum()


# The recorded stream


def test_the_recorded_stream_is_small_and_its_card_agrees_with_it() -> None:
    assert sum(file.stat().st_size for file in RECORDED.iterdir()) <= 8_000_000
    card = (RECORDED / "README.md").read_text(encoding="utf-8")
    truth = ground_truth(START, DAYS)
    for change in truth["drift"]:
        assert change["time"][:10] in card, change
    for pattern in truth["patterns"]:
        assert pattern["name"] in card
    counts = json.loads((RECORDED / "stream.json").read_text(encoding="utf-8"))["counts"]
    assert f"{counts['events']:,} transactions" in card
    assert f"{counts['positives']:,} transactions" in card
