"""What the shop's simulator promises: the same bytes, sales within the stock, a true truth."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest

from workbench.cases.recommend.schema import INTERACTIONS, SCHEMA
from workbench.cases.recommend.simulation.assortment import DEPARTMENTS, STYLES
from workbench.cases.recommend.simulation.catalogue import stock_up, styles_in_fashion
from workbench.cases.recommend.simulation.frames import Frames
from workbench.cases.recommend.simulation.schedule import (
    FASHIONS,
    OUTAGE_HOURS,
    OUTAGES,
    SEASONS,
    STRIKE,
    days_of,
    ground_truth,
)
from workbench.cases.recommend.simulation.shop import HIDDEN, OUT, REASONS, UNKNOWN
from workbench.cases.recommend.simulation.visitors import Visitors
from workbench.cases.recommend.simulator import START, generate, simulate
from workbench.errors import ParameterError
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

DAYS, SEED = 60, 3
RECORDED = Path(__file__).parents[3] / "data" / "recommend"
TABLES = ("events", "stock", "lost", "outages")


class World(NamedTuple):
    """A stream with all its truth."""

    events: pl.DataFrame
    stock: pl.DataFrame
    lost: pl.DataFrame
    outages: pl.DataFrame
    articles: pl.DataFrame

    @property
    def clicks(self) -> pl.DataFrame:
        """Interactions, with what is true of their articles."""
        about = self.articles.drop("title")
        return (
            self.events.filter(pl.col("kind") != "stock")
            .join(about, on="item", maintain_order="left")
            .with_columns(day=day("event_time"))
        )

    def truly(self, when: pl.DataFrame) -> pl.Series:
        """Return the true level just before each ``time`` and ``item``; rows sorted by time."""
        before = self.stock.with_columns(pl.col("time") + pl.duration(microseconds=1))
        return when.join_asof(before, on="time", by="item", check_sortedness=False)["on_hand"]


def day(column: str) -> pl.Expr:
    return (pl.col(column) - START).dt.total_days()


def written(folder: Path, **parameters: Any) -> dict[str, bytes]:
    with StreamWriter(folder, "recommend", SCHEMA, {}) as writer:
        simulate(writer, **parameters)
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def world() -> World:
    parts = list(generate(days=DAYS, seed=SEED))
    shop = stock_up(SEED, 1.0, DAYS, START.weekday())
    tables = (pl.concat([getattr(p, name) for p in parts], rechunk=True) for name in TABLES)
    return World(*tables, Frames(shop, 0, int(START.timestamp())).articles())


@pytest.fixture(scope="module")
def views(world: World) -> pl.DataFrame:
    return world.clicks.filter(kind="view")


# The same parameters, the same stream


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path / "a", days=6, seed=5, scale=0.05)
    assert first == written(tmp_path / "b", days=6, seed=5, scale=0.05)
    assert {"truth.json", "truth-stock-00000.parquet", "truth-articles-00000.parquet"} <= {*first}


def test_another_seed_gives_another_stream() -> None:
    one, other = (next(generate(days=2, seed=s, scale=0.05)).events for s in (1, 2))
    assert not one.equals(other)


def test_the_cut_into_parts_changes_nothing() -> None:
    daily = list(generate(days=20, seed=5, scale=0.05, rows=1))
    whole = list(generate(days=20, seed=5, scale=0.05, rows=10**9))
    assert (len(daily), len(whole)) == (20, 1)
    for name in TABLES:
        assert pl.concat([getattr(p, name) for p in daily]).equals(getattr(whole[0], name)), name


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


@pytest.mark.parametrize("days", [1, 100])
def test_the_smallest_shop_is_whole(days: int) -> None:
    for part in generate(days=days, scale=0.01, seed=1):
        assert part.events.height > 0


# Order and form


def test_events_come_in_one_total_order_within_the_days(world: World) -> None:
    events = world.events
    assert events.equals(events.sort("event_time", "event_id"))
    assert events["event_id"].is_sorted()
    assert events["event_id"].n_unique() == events.height
    assert events["event_time"][0] >= START
    assert events["event_time"][-1] < START + timedelta(days=DAYS)


def test_events_hold_to_the_schema(world: World) -> None:
    events = world.events
    assert events.schema == SCHEMA.events
    assert set(events["kind"]) == {*INTERACTIONS, "stock"}
    missing = {
        kind: {name for name in frame.columns if frame[name].null_count() == frame.height}
        for (kind,), frame in events.partition_by("kind", as_dict=True).items()
    }
    assert missing == {
        "view": {"quantity", "on_hand"},
        "cart": {"on_hand"},
        "purchase": {"on_hand"},
        "stock": {"session", "visitor", "quantity", "price"},
    }
    for name in ("item", "kind", "title"):
        assert events[name].null_count() == 0
    assert events["quantity"].min() == 1
    assert events["on_hand"].min() == 0


def test_an_article_keeps_its_title(world: World) -> None:
    assert world.events.group_by("item").agg(pl.col("title").n_unique())["title"].max() == 1
    assert world.articles["title"].n_unique() == world.articles.height


# Visits


def test_a_visit_is_one_visitors_and_most_are_short(world: World) -> None:
    visits = world.clicks.group_by("session").agg(
        pl.col("visitor").n_unique(), n=(pl.col("kind") == "view").sum()
    )
    assert visits["visitor"].max() == 1
    assert 3 < visits["n"].mean() < 7
    assert visits["n"].max() <= 60


def test_about_half_of_the_visits_are_of_guests(world: World) -> None:
    guests = world.clicks.group_by("session").agg(pl.col("visitor").first().is_null())["visitor"]
    assert 0.4 < guests.mean() < 0.6


def test_visitors_come_back_and_new_ones_appear_throughout(world: World) -> None:
    known = world.clicks.drop_nulls("visitor").group_by("visitor")
    about = known.agg(pl.col("session").n_unique(), first=pl.col("day").min())
    assert about["session"].median() >= 3
    assert about.filter(pl.col("first") >= 40).height > 100


def test_what_is_bought_was_in_the_cart_and_what_is_in_the_cart_was_looked_at(
    world: World,
) -> None:
    keys = ["session", "item"]
    kinds = {k: world.clicks.filter(kind=k).select(keys).unique() for k in INTERACTIONS}
    assert kinds["purchase"].join(kinds["cart"], on=keys, how="anti").height == 0
    assert kinds["cart"].join(kinds["view"], on=keys, how="anti").height == 0


def test_days_have_a_rhythm(views: pl.DataFrame) -> None:
    hours = views["event_time"].dt.hour().value_counts().sort("event_time")["count"]
    assert hours[2:5].max() < 0.15 * hours[18:21].min()


# What leads to what


def test_popularity_is_skewed(views: pl.DataFrame) -> None:
    counts = views["item"].value_counts(sort=True)["count"]
    assert 0.25 < counts[: counts.len() // 20].sum() / counts.sum() < 0.6


def test_popularity_drifts(views: pl.DataFrame) -> None:
    weeks = [
        views.filter((pl.col("day") // 7) == week)["item"].value_counts() for week in (0, 1, 7)
    ]
    shares = weeks[0].join(weeks[1], on="item").join(weeks[2], on="item", suffix="_late")
    logs = np.log(shares.drop("item").to_numpy()).T
    near, far = (np.corrcoef(logs[0], later)[0, 1] for later in logs[1:])
    assert near > far + 0.05


def test_variants_have_numbers_beside_each_other_and_are_looked_at_together(
    views: pl.DataFrame,
) -> None:
    pairs = views.select(
        "session",
        n=pl.col("item").cast(pl.Int64),
        then=pl.col("item").cast(pl.Int64).shift(-1).over("session"),
        same=pl.col("family") == pl.col("family").shift(-1).over("session"),
    ).drop_nulls()
    family = pairs.filter("same")
    assert ((family["n"] - family["then"]).abs() <= 5).all()
    shuffled = pairs["then"].sample(fraction=1, shuffle=True, seed=0)
    near = ((pairs["n"] - pairs["then"]).abs() <= 5).mean()
    by_chance = ((pairs["n"] - shuffled).abs() <= 5).mean()
    assert isinstance(near, float)
    assert isinstance(by_chance, float)
    assert near > 4 * by_chance


def test_complements_have_a_direction(views: pl.DataFrame) -> None:
    pairs = views.with_columns(then=pl.col("family").shift(-1).over("session")).drop_nulls("then")
    counts = pairs.filter(pl.col("family") != pl.col("then")).group_by("family", "then").len()
    strong = counts.filter(pl.col("len") >= 100)
    back = strong.join(
        counts, left_on=["family", "then"], right_on=["then", "family"], how="left", suffix="_back"
    )
    one_way = (back["len"] > 2.5 * back["len_back"].fill_null(0)).mean()
    assert isinstance(one_way, float)
    assert strong.height > 50
    assert one_way > 0.3


def test_visitors_have_tastes(views: pl.DataFrame) -> None:
    known = views.drop_nulls("visitor")
    counts = known.group_by("visitor", "department").len()
    totals = counts.group_by("visitor").agg(pl.col("len").sum(), top=pl.col("len").max())
    busy = totals.filter(pl.col("len") >= 50)
    everybody = known["department"].value_counts()["count"]
    assert (busy["top"] / busy["len"]).mean() > 1.5 * everybody.max() / everybody.sum()


def test_tastes_move() -> None:
    alike = np.ones(len(DEPARTMENTS))
    people = Visitors(seed=1, scale=0.2, departments=alike)
    before = people.favourites.copy()
    for number in range(30):
        people.day(number, number % 7, alike)
    moved = (people.favourites[:, 0] != before[:, 0]).mean()
    assert 0.3 < moved < 0.7


# Launches, fashions, seasons


def test_nothing_is_seen_before_its_launch(world: World) -> None:
    launched = world.articles.drop_nulls("launched")
    assert launched.height > 20
    early = world.events.join(launched, on="item").filter(pl.col("event_time") < pl.col("launched"))
    assert early.height == 0


def test_what_is_launched_is_looked_at_in_its_first_days(world: World, views: pl.DataFrame) -> None:
    new = views.drop_nulls("launched").with_columns(
        age=(pl.col("event_time") - pl.col("launched")).dt.total_days()
    )
    early = new.filter(pl.col("age") < 5)["item"].n_unique()
    old_enough = world.articles.filter(day("launched") < DAYS - 5).height
    assert early > 0.9 * old_enough


def test_what_is_given_up_is_withdrawn_in_the_end(world: World) -> None:
    given_up = world.articles.filter(day("offered_until") < DAYS)
    assert given_up.height > 10
    last = world.stock.join(given_up, on="item", how="semi").group_by("item").last()
    assert (last["on_hand"] == 0).all()


@pytest.mark.parametrize("fashion", FASHIONS, ids=lambda f: f"fashion {f.place}")
def test_a_fashion_lifts_its_style_on_the_days_that_truth_names(
    views: pl.DataFrame, fashion: Any
) -> None:
    style = STYLES[styles_in_fashion(SEED, len(FASHIONS))[fashion.place]]
    first, end = days_of(fashion.span, DAYS)
    share = views.group_by("day").agg((pl.col("style") == style).mean()).sort("day")["style"]
    before, high = share.slice(first - 5, 5).mean(), share.slice(first + 1, 4).mean()
    assert isinstance(before, float)
    assert isinstance(high, float)
    assert high > 1.5 * before
    assert high > 1.3 * float(np.mean(share[end - 1 : end + 4].to_numpy()))


@pytest.mark.parametrize("season", SEASONS[1:], ids=lambda s: s.department)
def test_a_season_lifts_its_department(views: pl.DataFrame, season: Any) -> None:
    first, end = days_of(season.span, DAYS)
    top = int(first + 0.8 * (end - first))
    daily = views.group_by("day").agg((pl.col("department") == season.department).mean())
    share = daily.sort("day")["department"]
    high, before = share.slice(min(top, DAYS - 4) - 3, 6).mean(), share.slice(0, first).mean()
    assert isinstance(high, float)
    assert isinstance(before, float)
    assert high > 1.5 * before


# Stock


def test_no_more_is_sold_than_is_truly_there(world: World) -> None:
    sold = world.clicks.filter(kind="purchase").rename({"event_time": "time"})
    there = sold.select("time", "item", "quantity").join(
        world.stock, on=["time", "item"], maintain_order="left"
    )
    steps = world.stock.with_columns(step=pl.col("on_hand").diff().over("item"))
    assert world.stock["on_hand"].min() == 0
    assert there["on_hand"].null_count() == 0
    pieces = sold.group_by("item").agg(pl.col("quantity").sum()).sort("item")
    taken = (
        steps.join(sold.select("time", "item").unique(), on=["time", "item"])
        .filter(pl.col("step") < 0)
        .group_by("item")
        .agg(-pl.col("step").sum())
        .sort("item")
    )
    assert taken["step"].equals(pieces["quantity"], check_names=False)


def test_every_offered_article_has_a_true_level_from_its_first_day(world: World) -> None:
    first = world.stock.group_by("item").agg(pl.col("time").min())
    about = world.articles.join(first, on="item", how="left")
    began = about["launched"].fill_null(START)
    offered = day("launched").fill_null(0) < DAYS
    assert about.filter(offered)["time"].equals(
        pl.DataFrame({"b": began}).filter(about.select(offered).to_series())["b"], check_names=False
    )


def test_the_feed_tells_true_levels_of_some_time_before(world: World) -> None:
    told = world.events.filter(kind="stock").select("event_time", "item", "on_hand")
    ever = world.stock.select("item", "on_hand").unique()
    assert told.join(ever, on=["item", "on_hand"], how="anti").height == 0


def test_the_feed_lags_behind_and_misses_some_changes(world: World) -> None:
    told = world.outages.filter(pl.col("sold_out") < START + timedelta(days=DAYS - 2))
    lag = (told["told"] - told["sold_out"]).drop_nulls().dt.total_minutes()
    assert told["told"].null_count() / told.height > 0.01
    assert 5 < lag.median() < 60
    assert lag.max() > 8 * 60


@pytest.mark.parametrize("fraction", OUTAGES)
def test_the_feed_is_silent_while_it_fails(world: World, fraction: float) -> None:
    number = int(fraction * DAYS + 0.5)
    begin, until = OUTAGE_HOURS
    times = world.events.filter(pl.col("kind") == "stock", day("event_time") == number)[
        "event_time"
    ]
    assert times.dt.hour().is_between(begin, until, closed="left").sum() == 0
    assert times.len() > 100


def test_nothing_goes_into_the_cart_while_it_is_shown_as_sold_out(world: World) -> None:
    known = world.events.filter(kind="stock").select("event_time", "item", shown="on_hand")
    carts = world.events.filter(kind="cart").drop("on_hand")
    shown = carts.join_asof(known, on="event_time", by="item", check_sortedness=False)["shown"]
    # What is told within the second in which something is put into the cart may come after it.
    assert (shown == 0).sum() <= 2


def test_a_few_percent_of_what_is_wanted_is_sold_out(world: World) -> None:
    lost = world.lost["quantity"].sum()
    sold = world.clicks.filter(kind="purchase")["quantity"].sum()
    assert 0.03 < lost / (lost + sold) < 0.2
    assert set(world.lost["reason"]) == set(REASONS)


def test_what_was_lost_for_want_of_stock_was_truly_out(world: World) -> None:
    level = world.truly(world.lost.sort("time"))
    reason = world.lost.sort("time")["reason"]
    assert (level.filter(reason == REASONS[OUT]) == 0).all()
    assert (level.filter(reason == REASONS[HIDDEN]) > 0).all()
    # A checkout takes what is left and loses the rest.
    assert (level.filter(reason == REASONS[UNKNOWN]) <= 1).all()


def test_outages_are_the_times_at_which_the_true_level_is_nothing(world: World) -> None:
    given_up = world.articles.select("item", "offered_until")
    empty = world.stock.filter(on_hand=0).join(given_up, on="item")
    empty = empty.filter(pl.col("time") < pl.col("offered_until"))
    spells = world.outages.select("item", time="sold_out")
    assert empty.select("item", "time").sort("item", "time").equals(spells.sort("item", "time"))
    assert 100 < spells.height < 1_000


def test_a_striking_supplier_delivers_nothing(world: World) -> None:
    first, end = days_of(STRIKE[1], DAYS)
    rises = (
        world.stock.with_columns(step=pl.col("on_hand").diff().over("item"), day=day("time"))
        .filter(pl.col("step") > 0)
        .join(world.articles, on="item")
        .filter(pl.col("department") == STRIKE[0])
    )
    assert rises.filter(pl.col("day").is_between(first, end - 1)).height == 0
    assert rises.filter(pl.col("day") == end).height > 3


def test_sell_outs_can_be_foreseen(world: World) -> None:
    """Of what was left two days before, sales of the week before would have left nothing soon."""
    ends = world.outages.filter(day("sold_out") >= 14).select(
        "item", time=pl.col("sold_out") - timedelta(days=2)
    )
    ends = ends.sort("time").with_columns(left=world.truly(ends.sort("time")))
    sales = (
        world.clicks.filter(kind="purchase").group_by("item", "day").agg(pl.col("quantity").sum())
    )
    week = (
        ends.with_columns(day=day("time"))
        .join(sales, on="item", suffix="_sold")
        .filter((pl.col("day") - pl.col("day_sold")).is_between(0, 6))
        .group_by("item", "time", "left")
        .agg(rate=pl.col("quantity").sum() / 7)
    )
    assert (week["left"] / week["rate"]).median() < 5


# Ground truth


def test_truth_names_every_change_within_the_stream_in_order() -> None:
    truth = ground_truth(START, DAYS, ["a", "b", "c"], {10: 4, 17: 2})
    times = [datetime.fromisoformat(change["time"]) for change in truth["drift"]]
    assert times == sorted(times)
    assert all(START < time < START + timedelta(days=DAYS) for time in times)
    spans = [days_of(s.span, DAYS) for s in (*SEASONS, *FASHIONS)] + [days_of(STRIKE[1], DAYS)]
    changes = sum(0 < edge < DAYS for span in spans for edge in span)
    assert len(times) == changes + len(OUTAGES) + 2


@pytest.mark.parametrize("days", [2, 5, 17, 365])
def test_spans_do_not_end_before_they_begin(days: int) -> None:
    for span in (s.span for s in (*SEASONS, *FASHIONS)):
        first, end = days_of(span, days)
        assert first < end


# The recorded stream


def test_the_recorded_stream_is_small_and_its_card_agrees_with_it() -> None:
    assert sum(file.stat().st_size for file in RECORDED.iterdir()) <= 8_000_000
    stream = Stream.open(RECORDED, "recommend")
    stream.verify()
    card = (RECORDED / "README.md").read_text(encoding="utf-8")
    truth = stream.truth
    assert truth is not None
    for change in truth["drift"]:
        assert change["time"][:10] in card, change
    for fashion in truth["fashions"]:
        assert fashion["style"] in card
    origin = json.loads((RECORDED / "stream.json").read_text(encoding="utf-8"))["origin"]
    assert f"--days {origin['days']} --seed {origin['seed']}" in card
    assert f"{stream.n_events:,} events" in card
    for name in ("stock", "lost", "outages", "articles"):
        table = stream.truth_table(name)
        assert table is not None
        assert f"{table.height:,}" in card, name
