"""The fraud case's metrics: by hand, against the Handbook's definition, against scikit-learn."""

import json
import math

import numpy as np
import polars as pl
import pytest
from evaluation_frames import random, written
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from workbench.cases.fraud.costs import CostModel
from workbench.cases.fraud.metrics import card_precision_top_k, compare, evaluate
from workbench.cases.fraud.sample import OVERALL, UNNAMED, Sample
from workbench.errors import ParameterError


def by_the_book(frame, k, *, remove=True):
    """Card Precision@k written as the Handbook words it, in pandas, day by day."""
    table = frame.select(
        day=pl.col("event_time").dt.date(), card="card", score="score", label="label"
    ).to_pandas()
    gone, precisions, compromised = set(), [], []
    for _, rows in table.groupby("day"):
        left = rows[~rows.card.isin(gone)]
        compromised.append(left[left.label == 1].card.nunique())
        cards = left.groupby("card")[["score", "label"]].max()
        top = cards.sort_values("score", ascending=False, kind="stable").head(k)
        detected = set(top[top.label == 1].index)
        precisions.append(len(detected) / k)
        if remove:
            gone |= detected
    return float(np.mean(precisions)), compromised


@pytest.mark.parametrize("remove", [True, False])
@pytest.mark.parametrize("k", [1, 3, 10, 40])
def test_card_precision_is_the_handbooks(k, remove):
    frame = random(seed=k)
    mean, by_day = card_precision_top_k(frame, k, remove_detected_compromised_cards=remove)
    wanted, compromised = by_the_book(frame, k, remove=remove)
    assert mean == pytest.approx(wanted, abs=1e-15)
    assert by_day["compromised_cards"].to_list() == compromised


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 71), st.sampled_from("abcd"), st.sampled_from([0.2, 0.8]),
            st.integers(0, 1),
        ),
        min_size=1, max_size=25,
    ),
    st.integers(1, 3),
)  # fmt: skip
def test_card_precision_is_the_handbooks_on_any_small_stream(rows, k):
    frame = written(*rows)
    assert card_precision_top_k(frame, k)[0] == pytest.approx(by_the_book(frame, k)[0], abs=1e-15)


def test_a_day_with_fewer_cards_than_k_is_still_divided_by_k():
    assert card_precision_top_k(written((0, "a", 0.9, 1)), 4)[0] == 0.25


def test_a_detected_card_is_left_out_on_later_days():
    frame = written((0, "a", 0.9, 1), (24, "a", 0.9, 1), (25, "b", 0.5, 0))
    mean, by_day = card_precision_top_k(frame, 1)
    assert mean == 0.5
    assert by_day["compromised_cards"].to_list() == [1, 0]


def test_of_cards_with_equal_scores_the_first_in_text_order_is_taken():
    frame = written((0, "b", 0.9, 0), (1, "a", 0.9, 1))
    assert card_precision_top_k(frame, 1)[0] == 1.0


def test_a_card_is_compromised_if_any_of_its_transactions_is():
    """The fraud itself scores low; the card's genuine transaction brings the card to the top."""
    frame = written((0, "a", 0.9, 0), (1, "a", 0.1, 1), (2, "b", 0.5, 0))
    assert card_precision_top_k(frame, 1)[0] == 1.0


def test_metrics_computed_by_hand():
    frame = written(
        (0, "a", 0.9, 1, 1000),  # alerted at once
        (1, "b", 0.8, 0, 500),  # false alert
        (2, "c", 0.7, 1, 300),  # missed: the budget is spent
        (24, "c", 0.6, 1, 200),  # alerted a day later: 22 hours after the first
        (25, "d", 0.1, 0, 100),  # alerted: the day has room
    )
    found = evaluate(frame, budget=2, cost=CostModel(10, 0.5), replicates=0).overall
    values = {name: estimate.value for name, estimate in found.items()}
    assert values["precision_at_budget"] == 0.5
    assert values["recall_at_budget"] == pytest.approx(2 / 3)
    assert values["episodes_caught"] == 1.0
    assert values["detection_delay_hours"] == 11.0  # the median of 0 and 22
    assert values["money_saved"] == 500 + 100
    assert values["money_lost"] == 500 + 300 + 100
    assert values["money_net"] == 600 - 4 * 10
    assert values["roc_auc"] == pytest.approx(5 / 6 - 1 / 6)
    assert values["card_precision_at_k"] == 0.5
    assert math.isnan(found["roc_auc"].low)


def test_ranking_metrics_over_the_whole_are_scikit_learns():
    frame = random()
    found = evaluate(frame, budget=5, replicates=20)
    label, score = frame["label"].to_numpy(), frame["score"].to_numpy()
    assert found["roc_auc"].value == roc_auc_score(label, score)
    assert found["average_precision"].value == average_precision_score(label, score)
    assert found["card_precision_at_k"].value == card_precision_top_k(frame, 5)[0]


def test_each_day_has_its_own_metrics_with_intervals():
    frame = random()
    table = evaluate(frame, budget=5, replicates=40).by_day
    day = table["day"][10]
    rows = frame.filter(pl.col("event_time").dt.date() == day)
    row = table.row(10, named=True)
    label, score = rows["label"].to_numpy(), rows["score"].to_numpy()
    assert row["roc_auc"] == pytest.approx(roc_auc_score(label, score))
    assert row["average_precision"] == pytest.approx(average_precision_score(label, score))
    assert row["average_precision_low"] <= row["average_precision"]
    assert row["average_precision"] <= row["average_precision_high"]
    assert (row["events"], row["positives"]) == (len(rows), label.sum())


def test_days_add_up_to_the_whole():
    found = evaluate(random(), budget=5, replicates=0)
    table = found.by_day
    assert table["events"].sum() == found.n
    assert table["positives"].sum() == found.positives
    for name in ("money_lost", "money_saved", "money_net"):
        assert table[name].sum() == found[name].value
    assert table["card_precision_at_k"].mean() == pytest.approx(found["card_precision_at_k"].value)


def test_where_it_fails_is_told_by_pattern():
    frame = random()
    table = evaluate(frame, budget=5, replicates=40).by_pattern
    assert table["pattern"].to_list() == ["skimming", "theft"]
    own = frame.filter((pl.col("label") == 0) | (pl.col("pattern") == "theft"))
    row = table.row(1, named=True)
    wanted = average_precision_score(own["label"].to_numpy(), own["score"].to_numpy())
    assert row["average_precision"] == pytest.approx(wanted)
    assert row["events"] == own["label"].sum()
    assert row["recall_at_budget_low"] <= row["recall_at_budget"] <= row["recall_at_budget_high"]


def test_frauds_of_patterns_that_are_not_asked_for_are_named_as_such():
    table = evaluate(random(), budget=5, replicates=0, patterns=["theft"]).by_pattern
    assert table["pattern"].to_list() == ["theft", UNNAMED]
    assert table["events"].sum() == random()["label"].sum()


def test_a_stream_without_patterns_has_no_table_of_them():
    assert evaluate(random().drop("pattern"), budget=5, replicates=0).by_pattern.is_empty()


def test_weights_count_a_card_like_its_copies():
    """The heart of the bootstrap: a resampled stream is measured as if it were written out."""
    frame = random(days=8).drop("pattern")
    weights = np.random.default_rng(4).poisson(1, frame["card"].n_unique()).astype(np.uint8)
    copies = dict(zip(sorted(frame["card"].unique()), weights, strict=True))
    written_out = pl.DataFrame(
        [
            {**row, "event_id": f"{row['event_id']}-{i}", "card": f"{row['card']}#{i}"}
            for row in frame.to_dicts()
            for i in range(copies[row["card"]])
        ],
        schema=frame.schema,
    )
    weighted = dict(zip(OVERALL, Sample(frame, 5, CostModel()).overall(weights), strict=True))
    sample = Sample(written_out, 5, CostModel())
    plain = dict(zip(OVERALL, sample.overall(np.ones(sample.cards, np.uint8)), strict=True))
    for name in (
        "roc_auc",
        "average_precision",
        "precision_at_budget",
        "recall_at_budget",
        "brier",
    ):
        assert weighted[name] == pytest.approx(plain[name], abs=1e-12), name


def test_a_score_made_after_its_label_was_known_is_never_used():
    frame = random()
    early = pl.col("event_id") < "0100"
    leaked = frame.with_columns(
        known_at=pl.when(early).then("event_time").otherwise("known_at"),
        score=pl.when(early).then(pl.col("label").cast(pl.Float64)).otherwise("score"),
    )
    found = evaluate(leaked, budget=5, replicates=0)
    assert found.excluded["label already known"] == 100
    kept = evaluate(frame.filter(~early), budget=5, replicates=0)
    assert found.to_dict()["overall"] == kept.to_dict()["overall"]


def test_the_same_frame_and_seed_give_the_same_json():
    first, second = (evaluate(random(), budget=5, replicates=30, seed=2) for _ in range(2))
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())


@pytest.mark.parametrize("label", [0, 1, None])
def test_a_span_of_one_class_has_undefined_metrics_and_no_warning(label):
    frame = written((0, "a", 0.9, label), (25, "b", 0.5, label))
    found = evaluate(frame, budget=2, replicates=20)
    assert math.isnan(found["roc_auc"].value)
    assert math.isnan(found["average_precision"].value)
    assert found.n == (0 if label is None else 2)
    json.dumps(found.to_dict(), allow_nan=False)
    assert found._repr_html_()


def test_an_empty_frame_has_undefined_metrics():
    found = evaluate(written(), replicates=5)
    assert (found.n, found.positives, found.entities) == (0, 0, 0)
    assert found.by_day.is_empty()


def test_a_budget_of_zero_is_refused():
    with pytest.raises(ParameterError, match="an alert budget of 0"):
        evaluate(random(), budget=0)


def test_a_better_run_is_certain_to_be_better_on_the_same_events():
    frame = random()
    worse = frame.with_columns(score=pl.lit(0.5) - 0.1 * pl.col("score"))
    found = compare(frame, worse, budget=5, replicates=60)
    assert found.n == len(frame)
    assert found.verdict("average_precision") == "better"
    assert compare(worse, frame, budget=5, replicates=60).verdict("roc_auc") == "worse"


def test_a_comparison_uses_the_events_that_both_scored_and_counts_the_others():
    frame = random()
    found = compare(frame[100:], frame[:-50], budget=5, replicates=10)
    assert (found.n, found.unshared) == (len(frame) - 150, 150)
    assert all(estimate.value == 0 for estimate in found.differences.values())


def test_runs_that_share_no_event_cannot_be_compared():
    frame = random()
    with pytest.raises(ParameterError, match="share no evaluated event"):
        compare(frame[:50], frame[50:])
