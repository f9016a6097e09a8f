from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson
import polars as pl
import pytest
from tuning_examples import SPLIT, decision, payments, small_study, write

from workbench.cases.fraud.metrics import average_precision
from workbench.errors import BadInput
from workbench.replay import metrics
from workbench.replay.metrics import evaluable
from workbench.tuning.study import Study

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.streams.recorded import Stream


def test_the_first_trials_take_the_defaults_and_the_best_whole_trial_is_chosen(
    finished: Study,
) -> None:
    trials = finished.trials
    assert trials["number"].to_list() == list(range(5))
    assert trials["detector"].to_list()[:2] == ["additive", "logistic"]
    assert orjson.loads(trials["parameters"][0])["lr"] == 0.3
    whole = trials.filter(pl.col("state") == "complete")
    assert finished.winner["objective"] == whole["objective"].max()
    assert finished.winner["number"] == 3
    assert finished.document["counts"] == {"trials": 5, "complete": 3, "pruned": 2}


def test_the_same_arguments_make_the_same_study(stream: Stream, finished: Study, out: Path) -> None:
    assert decision(small_study(stream, out)) == decision(finished)


def test_another_seed_makes_other_trials(stream: Stream, finished: Study, out: Path) -> None:
    other = small_study(stream, out, seed=1)
    assert other.trials["parameters"].to_list()[2:] != finished.trials["parameters"].to_list()[2:]


def test_the_choice_depends_on_nothing_after_the_tuning_span(
    finished: Study, tmp_path: Path
) -> None:
    events, labels = payments()
    later = pl.col("event_time").to_physical() >= SPLIT
    ids = events.filter(later)["event_id"].to_list()
    events = events.with_columns(
        amount=pl.when(later).then(17).otherwise(pl.col("amount")),
        terminal=pl.when(later).then(pl.lit("t0")).otherwise(pl.col("terminal")),
    )
    labels = labels.with_columns(
        label=pl.when(pl.col("event_id").is_in(ids))
        .then(1 - pl.col("label"))
        .otherwise(pl.col("label"))
        .cast(pl.Int8)
    )
    altered = small_study(write(tmp_path / "stream", events, labels), tmp_path / "study")
    assert altered.trials.drop("seconds").equals(finished.trials.drop("seconds"))
    assert altered.winner == finished.winner
    assert altered.gain.value != finished.gain.value


def test_the_winner_and_the_baseline_are_replayed_over_the_whole_stream(
    stream: Stream, finished: Study
) -> None:
    assert finished.best.setup == finished.setup
    assert finished.baseline.setup == finished.plan.setup()
    assert finished.best.scores.height == finished.baseline.scores.height == stream.n_events
    assert "average_precision" in finished.best.document["metrics"]
    assert finished.run("rule").setup.detector == "rule"


def test_confirmation_compares_the_two_on_the_later_span(finished: Study) -> None:
    split = finished.plan.moment("split")
    found = finished.best.compare(finished.baseline, start=split)
    assert finished.confirmation.to_dict() == found.to_dict()
    assert finished.gain == found["average_precision"]
    rows, _ = evaluable(finished.best.frame(start=split))
    assert finished.found.objective["best"] == average_precision(rows)


def test_the_objective_is_scikit_learns_average_precision(finished: Study) -> None:
    rows, _ = evaluable(finished.best.frame())
    tied = rows.with_columns(pl.col("score").round(1))
    for frame in (rows, tied):
        expected = metrics.average_precision(frame["label"].to_numpy(), frame["score"].to_numpy())
        assert average_precision(frame) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.03, "is better than the shipped default on the last 9 days that no trial saw"),
        (-0.01, 0.03, "not certainly better"),
        (-0.03, -0.01, "is worse than the shipped default"),
    ],
)
def test_the_verdict_is_honest(finished: Study, low: float, high: float, said: str) -> None:
    document = json.loads(json.dumps(finished.document))
    document["same"] = False
    found = document["confirmation"]["comparisons"]["baseline"]["differences"]
    found["average_precision"] |= {"value": (low + high) / 2, "low": low, "high": high}
    study = Study(finished.path, document)
    assert said in study.verdict
    zero = "excludes zero" if low * high > 0 else "holds zero"
    assert f"[{low:+.3f}, {high:+.3f}]; the interval {zero}" in study.verdict


def test_a_study_whose_choice_is_the_default_says_so(stream: Stream, out: Path) -> None:
    study = small_study(stream, out, trials=1)
    assert "No trial did better than the shipped default" in study.verdict
    assert study.gain.value == 0
    assert study.importance.is_empty()


def test_a_finished_study_is_opened_from_its_folder(finished: Study) -> None:
    opened = Study.open(finished.path)
    assert decision(opened) == decision(finished)
    assert opened.best.path == finished.path / "runs" / "best"
    names = {p.name for p in finished.path.iterdir()}
    assert names == {"study.json", "trials.parquet", "trials.log", "plan.json", "member", "runs"}
    assert not finished.path.with_name("study.partial").exists()


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"study\.json"):
        Study.open(tmp_path)


def test_a_study_is_plain_data(finished: Study) -> None:
    data = orjson.loads(orjson.dumps(finished.to_dict()))
    assert data["winner"]["detector"] in {"additive", "logistic"}
    assert data["excludes_zero"] == finished.gain.excludes_zero
    assert len(data["trials"]) == 5


def test_a_study_shows_itself_without_clock_or_markup_from_outside(finished: Study) -> None:
    assert finished.verdict in repr(finished)
    html = finished._repr_html_()
    assert html == Study.open(finished.path)._repr_html_()
    assert "5 trials" in html
    assert str(finished.document["seconds"]) not in html
    document = json.loads(json.dumps(finished.document))
    document["winner"]["detector"] = "<script>"
    assert "<script>" not in Study(finished.path, document)._repr_html_()


def test_a_study_is_plotted(finished: Study) -> None:
    figure = finished.plot()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert f"Trial {finished.winner['number']}" in titles[0]
    assert len(titles) == (1 if finished.importance.is_empty() else 2)
    assert figure.png().startswith(b"\x89PNG")


def test_importance_of_the_winning_detectors_parameters_sums_to_one(
    stream: Stream, out: Path
) -> None:
    from workbench.tuning.tune import tune

    study = tune(stream, ["additive"], trials=12, out=out)
    assert set(study.importance["parameter"]) <= set(study.plan.spaces["additive"])
    assert study.importance["importance"].sum() == pytest.approx(1.0)
