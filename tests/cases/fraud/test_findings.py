"""What a fraud report says, and the figures that look at a stream before any detector."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from workbench.case import get_case
from workbench.cases.fraud import exploration, findings, metrics, separation
from workbench.cases.fraud.features import FEATURES
from workbench.replay.effects import Effects
from workbench.replay.table import feature_table, labelled
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from workbench.replay.evaluation import Evaluation


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    path = tmp_path_factory.mktemp("findings") / "small"
    case = get_case("fraud")
    with StreamWriter(path, "fraud", case.schema, {"simulator": "fraud"}) as writer:
        case.load("simulate")(writer, days=24, seed=5, scale=0.1)
    return Stream.open(path)


@pytest.fixture(scope="module")
def events(stream: Stream) -> pl.DataFrame:
    return labelled(stream)


def scored(n: int = 400, named: bool = True) -> pl.DataFrame:
    """Ten days of forty transactions, of which every tenth is fraud and scores high or not."""
    start = datetime(2025, 4, 1, tzinfo=UTC)
    fraud = np.arange(n) % 10 == 0
    caught = fraud & (np.arange(n) % 20 == 0)
    times = [start + timedelta(days=10 * i / n) for i in range(n)]
    frame = pl.DataFrame(
        {
            "event_id": [f"{i:05d}" for i in range(n)],
            "event_time": times,
            "score": np.where(caught, 0.9, 0.1),
            "label": fraud.astype(np.int8),
            "known_at": [t + timedelta(days=7) for t in times],
            "card": [f"c{i}" for i in range(n)],
            "terminal": [f"t{i % 7}" for i in range(n)],
            "amount": [1000 + i for i in range(n)],
            "pattern": [("large_amount" if c else "stolen_card") if f else None
                        for f, c in zip(fraud, caught, strict=True)],
        }
    )  # fmt: skip
    return frame if named else frame.drop("pattern")


def evaluation(frame: pl.DataFrame, budget: int = 2) -> Evaluation:
    return metrics.evaluate(frame, budget=budget, replicates=20)


def plain(text: str) -> str:
    """Return text with spaces where numbers are kept with their signs."""
    return text.replace("\u00a0", " ")


def titles(figure: Figure) -> list[str]:
    return [plain(axes.get_title(loc="left").replace("\n", " ")) for axes in figure.axes]


def test_the_headline_says_what_is_caught_and_saved() -> None:
    text = plain(findings.headline(evaluation(scored())))
    assert text.startswith("From 01 April 2025 to 10 April 2025, 2 alerts a day catch 50 % of 40")
    assert "100 % of the alerts are fraud" in text


def test_a_comparison_says_whether_it_is_certain() -> None:
    good, bad = scored(), scored().with_columns(pl.lit(0.5).alias("score"))
    text = findings.against("rule", metrics.compare(good, bad, budget=2, replicates=20), 2)
    assert text.startswith("Against the rule: certainly better. Average precision +")
    same = findings.against("rule", metrics.compare(good, good, budget=2, replicates=20), 2)
    assert "not certainly different" in same


def test_the_weak_points_name_the_worst_the_best_and_what_most_is_missed_of() -> None:
    text = plain(findings.weak_points(evaluation(scored())))
    assert "Least is caught of “stolen card” (0 % of 20)" in text
    assert "most of “large amount” (100 % of 20)" in text
    assert "“stolen card” accounts for 100 %" in text


def test_without_named_patterns_there_is_nothing_to_tell_apart() -> None:
    assert "does not name" in findings.weak_points(evaluation(scored(named=False)))


def test_the_costliest_missed_frauds_are_recent_and_raised_no_alert() -> None:
    frame = scored()
    missed = findings.costliest_missed(frame, evaluation(frame), days=2, limit=3)
    assert missed["amount"].to_list() == [1390, 1370, 1350]
    assert missed["event_time"].min() >= datetime(2025, 4, 9, tzinfo=UTC)
    assert (missed["place"] > 2).all()
    assert "pattern" not in findings.costliest_missed(
        scored(named=False), evaluation(frame)
    ).columns  # fmt: skip


def test_other_budgets_are_counted_with_the_chosen_one() -> None:
    table = findings.by_budget(scored(), evaluation(scored()), (1, 4))
    assert table["budget"].to_list() == [1, 2, 4]
    assert table["caught"].to_list()[1] == 20
    assert table["alerts_per_fraud"].to_list()[1] == 1.0


def test_what_alerts_are_worth_names_the_cost_model() -> None:
    text = plain(findings.worth(evaluation(scored())))
    assert "50 % of an alerted fraud's amount comes back" in text
    assert "review of an alert costs 5.00" in text


def test_what_drives_scores_is_named() -> None:
    table = pl.DataFrame({"term": ["run_age", "x"], "gain": [0.5, -0.1], "spread": [1.0, 1.0]})
    assert "“run age” (+0.50)" in findings.driving(Effects(table, [], [], []))
    assert "does not say" in findings.driving(None)


def test_the_best_of_several_is_named_before_the_second() -> None:
    weak = evaluation(scored().with_columns(pl.lit(0.5).alias("score")))
    text = findings.sides({"weak": weak, "strong": evaluation(scored())})
    assert text.startswith("strong ranks frauds best")
    assert "before weak" in text


def test_days_are_drawn_with_findings_and_drift(stream: Stream, events: pl.DataFrame) -> None:
    figure = exploration.plot_days(events, stream.truth)
    first, second, third = titles(figure)
    assert "transactions a day; on weekends" in first
    assert "Fraud goes from" in second
    assert "of frauds are “" in third
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert any("card testing begins" in text for text in texts)
    assert figure.png().startswith(b"\x89PNG")


def test_shapes_say_how_late_how_much_and_when(events: pl.DataFrame) -> None:
    late, money, clock = titles(exploration.plot_shapes(events))
    assert "are known after" in late
    assert "Median amounts reach from" in money
    assert "between midnight and seven" in clock


@pytest.mark.parametrize("kept", [["event_id"], ["pattern"]])
def test_a_stream_without_truth_or_fraud_can_be_drawn(kept: list, events: pl.DataFrame) -> None:
    rows = events.drop("pattern") if kept == ["event_id"] else events.filter(pl.col("label") == 0)
    for figure in (exploration.plot_days(rows), exploration.plot_shapes(rows)):
        assert figure.png()


def test_each_feature_alone_is_measured_as_scikit_learn_does(
    stream: Stream, events: pl.DataFrame
) -> None:
    declared = FEATURES["shipped"]
    table = feature_table(stream, declared)
    found = separation.separation(table, events, declared)
    areas = {row["feature"]: row for row in found.to_dicts()}
    label = events["label"].to_numpy()
    for name in ("amount", "run_age", "night"):
        x = table[name].to_numpy()
        filled = np.where(np.isnan(x), -1e9, x)
        assert areas[name]["fraud"] == pytest.approx(roc_auc_score(label, filled))
        assert areas[name]["missing"] == np.isnan(x).mean()
    kinds = set(events["pattern"].drop_nulls())
    assert kinds < set(found.columns)


def table_of(**areas: Any) -> pl.DataFrame:
    return pl.DataFrame({"feature": ["a", "b", "c"], "missing": [0.0] * 3, **areas, "says": ""})


def test_the_telling_features_are_those_furthest_from_one_half() -> None:
    found = table_of(fraud=[0.5, 0.6, 0.7], theft=[0.5, 0.05, 0.9], testing=[0.2, 0.5, math.nan])
    assert separation.telling(found, 1)["feature"].to_list() == ["b", "a"]
    assert separation.telling(found.drop("theft", "testing"), 1)["feature"].to_list() == ["c"]


def test_the_best_single_feature_is_the_title() -> None:
    figure = separation.plot_separation(table_of(fraud=[0.5] * 3, theft=[0.5, 0.05, 0.9]))
    assert titles(figure)[0] == "“b” alone tells “theft” apart best: ROC AUC 0.950"
