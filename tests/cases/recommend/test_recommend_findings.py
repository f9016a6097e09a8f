"""What a report says of recommendations, and sessions as people read them."""

import polars as pl
import pytest
from recommend_frames import random, written

from workbench.cases.recommend import findings
from workbench.cases.recommend.metrics import compare, evaluate
from workbench.cases.recommend.sessions import Sessions, examples
from workbench.replay.estimates import Estimate
from workbench.replay.evaluation import Evaluation, Measure


def test_the_headline_tells_hit_rate_and_stock():
    text = findings.headline(evaluate(random(), replicates=20))
    assert "next items stood among the 20 that were recommended" in text
    assert text.endswith("None of them was known to be out of stock.")


def test_a_better_recommender_is_said_to_be_certainly_better():
    frame = random()
    worse = frame.with_columns(items=pl.col("items").list.reverse())
    assert "certainly better" in findings.against(
        "popularity", compare(frame, worse, replicates=50)
    )
    assert "certainly worse" in findings.against("popularity", compare(worse, frame, replicates=50))
    assert "not certainly different" in findings.against("itself", compare(frame, frame))


def test_weak_points_are_the_groups_with_the_least_hits():
    frame = written(*[("s", "a", "b")] * 9, *[("s", "b", "b")] * 9)
    text = findings.weak_points(evaluate(frame, replicates=0))
    assert text.startswith("Hardest are ")
    assert findings.weak_points(evaluate(written(), replicates=0)).startswith("Nothing")


def test_items_that_were_missed_most():
    frame = written(("s", "x", ""), *[("s", "a", "b")] * 3, *[("s", "b", "b")] * 2)
    (row,) = findings.most_missed(frame, {"a": "mug"}).to_dicts()
    assert row == {"item": "a", "title": "mug", "chosen": 3, "missed": 3, "hit_rate": 0}


def test_without_truth_nothing_is_said_of_it():
    found = evaluate(random(200), replicates=0)
    assert "is not known" in findings.in_stock(found)


def test_sell_outs_in_a_sentence():
    overall = {name: Estimate(0.5, 0.4, 0.6) for name in ("precision", "right", "recall")}
    overall |= {"recall_at_all": Estimate(0.9), "lead_days": Estimate(3.0)}
    found = Evaluation(overall, {n: Measure(n) for n in overall}, n=10, positives=8, entities=5,
                       settings={"days": 7.0, "ahead": 2.0})  # fmt: skip
    assert findings.foreseen(found).startswith("10 alerts; 50\u00a0% of their items were sold out")


def test_the_best_side_is_the_one_with_the_highest_ndcg():
    frame = random()
    worse = frame.with_columns(items=pl.col("items").list.reverse())
    found = {name: evaluate(rows, replicates=0) for name, rows in (("a", worse), ("b", frame))}
    assert findings.sides(found).startswith("b ranks the next item best")


def test_what_was_capped_and_forgotten_is_told():
    counts = {"events": 9, "sessions that were capped": 2, "events of capped sessions": 8_000}
    assert "2 sessions; 8,000 of their events" in findings.limits(counts)
    assert "12 items, 3 visitors" in findings.limits(
        {"items forgotten": 12, "sessions forgotten": 0, "visitors forgotten": 3}
    )
    assert "nothing was forgotten" in findings.limits({"events": 9, "items forgotten": 0})


def test_a_session_shows_what_was_recommended_and_where_the_choice_stood():
    frame = written(
        ("s", "a", "xy", "u"), ("s", "b", "ab", "u"), ("s", "c", "xy", "u", "cart"),
        ("s", "d", "d", "u"),
    )  # fmt: skip
    text = repr(examples(frame, {"b": "mug"}))
    assert "Session s, visitor u: 2 of 3 next items were in the list" in text
    assert "| mug | 2 | a · mug" in text
    assert "| cart | c |  | x · y" in text


def test_sessions_are_drawn_with_a_seed():
    frame = random(sessions=400)
    assert repr(examples(frame, seed=1)) == repr(examples(frame, seed=1))
    assert repr(examples(frame, seed=1)) != repr(examples(frame, seed=2))
    assert examples(frame, sessions=3).steps["session"].n_unique() == 3


def test_what_stems_from_the_data_is_shown_as_text():
    frame = written(*[("<b>s", "<script>", ["<i>"], "<u>")] * 5)
    page = examples(frame, {"<script>": "<script>alert(1)</script>"})._repr_html_()
    for tag in ("<script", "<b>s", "<i>", "<u>"):
        assert tag not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("frame", [written(), written(("s", "a", "a"))])
def test_no_session_is_no_error(frame):
    assert isinstance(examples(frame), Sessions)
    assert examples(frame)._repr_html_() == ""
