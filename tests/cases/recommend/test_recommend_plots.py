"""Figures of the recommend case draw whatever there is, and their titles say what was found."""

from datetime import timedelta

import polars as pl
import pytest
from recommend_frames import SCHEMA, START, random, written

from workbench.cases.recommend.exploration import (
    out_of_stock,
    plot_days,
    plot_habits,
    plot_rising,
    rising,
    titles,
)
from workbench.cases.recommend.metrics import evaluate
from workbench.cases.recommend.plots import plot
from workbench.cases.recommend.sellout import raised
from workbench.cases.recommend.simulator import generate, simulate
from workbench.cases.recommend.stockplots import order_now, plot_stock

HALF = timedelta(minutes=30)


class Kept:
    """Takes a simulated stream in place of a writer."""

    def __init__(self):
        self.parts, self.truth = [], {}

    def events(self, part):
        self.parts.append(part)

    def truth_table(self, name, table):
        pass


@pytest.fixture(scope="module")
def shop():
    """Events and ``truth.json`` of a small simulated shop."""
    kept = Kept()
    simulate(kept, days=30, seed=3, scale=0.1)
    return pl.concat(kept.parts), kept.truth


def texts(figure):
    """Return the titles of a figure's panels that say something, without line breaks."""
    found = (axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes)
    return [text for text in found if text]


def test_a_run_at_a_glance_says_what_was_found():
    frame = random()
    found = evaluate(frame, replicates=20)
    hit_rate = f"{100 * found['hit_rate'].value:.0f}"
    figure = plot(frame, found, None, {"other": frame})
    assert len(texts(figure)) == 4
    assert texts(figure)[0].startswith(f"{hit_rate}\u00a0% of what is chosen next")
    assert figure.png()


def test_what_is_known_to_happen_is_drawn_below_the_days(shop):
    events, truth = shop
    frame = events.with_columns(items=pl.concat_list(pl.col("item").shift(1)))
    figure = plot(frame, evaluate(frame, replicates=5), truth)
    days, strip = figure.axes[3:]
    drawn = [text.get_text() for text in strip.texts]
    assert any("season of" in text for text in drawn)
    assert any("fashion of" in text for text in drawn)
    assert "items are launched" in [text.get_text() for text in days.get_legend().get_texts()]
    assert figure.png()


def test_events_before_the_span_are_not_drawn():
    frame = random()
    since = START + timedelta(days=10)
    found = evaluate(frame, since=since, replicates=5)
    figure = plot(frame, found)
    assert texts(figure)[0].startswith(f"{100 * found['hit_rate'].value:.0f}\u00a0%")


@pytest.mark.parametrize("rows", [[], [("s", "a", "a")]])
def test_nothing_scored_is_said_and_no_error(rows):
    frame = written(*rows)
    figure = plot(frame, evaluate(frame, replicates=5))
    assert set(texts(figure)) == {"Nothing was scored in this span"}
    assert figure.png()


def test_the_same_figure_has_the_same_bytes():
    frame = random(300)
    found = evaluate(frame, replicates=5)
    assert plot(frame, found).png() == plot(frame, found).png()


def test_days_of_a_shop(shop):
    figure = plot_days(*shop)
    assert "interactions a day; for one purchase there are" in texts(figure)[0]
    assert "of the items are sold out on a mean day" in texts(figure)[1]
    assert figure.png()


def test_days_of_a_stream_without_stock_levels(shop):
    assert plot_days(shop[0].filter(pl.col("kind") != "stock")).png()


def test_habits_of_visitors(shop):
    assert "of sessions have one interaction" in texts(plot_habits(shop[0]))[0]


def test_sold_out_items_are_counted_as_they_are_known():
    frame = written(
        (None, "a", 3), (None, "b", 0), (None, "a", 0), (None, "a", 0), (None, "b", 5)
    )  # fmt: skip
    assert out_of_stock(frame).row(0) == (START.date(), 1, 2)


def test_what_rises_is_what_is_chosen_more_often_than_before():
    old = [("s", item, "") for item in "ab" * 60]
    new = [("s", item, "") for item in "abbb" * 30]
    table = rising(written(*old, *new), days=2.5)
    assert table["item"].to_list() == ["b"]
    assert table["times"][0] == pytest.approx(1.5, rel=0.1)


def test_a_rare_item_needs_more_than_chance_to_rise():
    rows = [("s", "ab"[i % 2], "") for i in range(239)] + [("s", "rare", "")]
    assert "rare" not in rising(written(*rows), days=2.5)["item"]
    assert texts(plot_rising(written(*rows), days=3)) == []


def test_titles_are_the_last_ones():
    frame = pl.DataFrame({"item": ["a", "a", "b"], "title": ["old", "new", None]})
    assert titles(frame) == {"a": "new"}
    assert titles(frame.drop("title")) == {}


def test_the_stock_of_alerted_items_is_drawn_with_their_alerts():
    events = next(generate(days=25, seed=5, scale=0.2, rows=10**9)).events
    found = raised(events, {"days": 10.0, "threshold": 0.6})
    figure = plot_stock(events, found, titles(events))
    assert any("after the alert" in text or "not sold out" in text for text in texts(figure))
    assert figure.png()
    table = order_now(found, events, titles(events), days=10)
    assert table["days_left"].is_sorted()
    assert not table["title"].is_in(table["item"].implode()).any()


def test_no_alert_is_said_and_no_error():
    events = pl.DataFrame(SCHEMA_WITH_TIME, schema=SCHEMA).drop("items")
    assert plot_stock(events, raised(events, {"days": 10.0, "threshold": 0.6})).png()


SCHEMA_WITH_TIME = {
    name: [value]
    for name, value in {
        **dict.fromkeys(SCHEMA), "event_id": "0", "event_time": START, "item": "a", "kind": "view",
    }.items()
}  # fmt: skip
