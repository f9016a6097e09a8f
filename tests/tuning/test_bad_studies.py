from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tuning_examples import SPLIT, payments, small_study, write

from workbench.durations import DAY
from workbench.errors import ParameterError, StreamError, WorkbenchError
from workbench.tuning import work
from workbench.tuning.plan import Plan
from workbench.tuning.tune import tune

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.streams.recorded import Stream


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trials": 0}, "--trials 0"),
        ({"jobs": 0}, "--jobs 0"),
        ({"detectors": ["nothing"]}, "'nothing'"),
        ({"detectors": ["rule"]}, "'rule', which has nothing to tune"),
        ({"deliver": "often"}, "'often'"),
    ],
)
def test_what_cannot_be_tuned_is_refused_before_any_work(
    stream: Stream, out: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        tune(stream, out=out, **options)
    assert not list(out.parent.iterdir())


def test_a_folder_of_something_else_is_never_replaced(stream: Stream, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ParameterError, match="where something else is"):
        tune(stream, out=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_stream_shorter_than_the_warm_up_is_refused(tmp_path: Path) -> None:
    events, labels = payments()
    events = events.filter(pl.col("event_time").to_physical() < SPLIT - 12 * DAY)
    stream = write(tmp_path / "stream", events, labels.join(events, on="event_id", how="semi"))
    with pytest.raises(StreamError, match=r"a stream of 9 days.*warm-up of 7d"):
        tune(stream, out=tmp_path / "study")


def test_a_tuning_span_with_one_class_is_refused(tmp_path: Path) -> None:
    events, labels = payments()
    stream = write(tmp_path / "stream", events, labels.with_columns(label=pl.lit(0, pl.Int8)))
    with pytest.raises(StreamError, match=r"\d events to tune on .* without positives"):
        tune(stream, out=tmp_path / "study")


def test_a_trial_that_cannot_be_done_is_recorded_with_its_message(
    stream: Stream, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = work.judge

    def fails(setup: Any, *rest: Any) -> Any:
        if setup.detector == "logistic":
            raise ParameterError("lr is too bold")
        return judge(setup, *rest)

    monkeypatch.setattr(work, "judge", fails)
    study = small_study(stream, out)
    failed = study.trials.filter(pl.col("state") == "failed")
    assert set(failed["message"]) == {"lr is too bold"}
    assert set(failed["detector"]) == {"logistic"}
    assert study.winner["detector"] == "additive"
    assert study.document["counts"]["failed"] == failed.height


def test_a_study_without_a_whole_trial_says_why(
    stream: Stream, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise ParameterError("no memory for it")

    monkeypatch.setattr(work, "judge", fails)
    with pytest.raises(WorkbenchError, match=r"None of 5 trials .* no memory for it"):
        small_study(stream, out)


def test_any_other_error_is_not_hidden(
    stream: Stream, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "judge", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        small_study(stream, out)


def test_without_names_the_detectors_with_a_search_space_compete(stream: Stream) -> None:
    plan = Plan.of(stream)
    assert plan.detectors[0] == "additive"
    assert {"logistic", "hoeffding-tree", "adaptive-forest"} < set(plan.detectors)
    assert not {"rule", "naive-bayes"} & set(plan.detectors)


def test_labels_without_a_time_take_the_delay_that_is_given(tmp_path: Path) -> None:
    events, labels = payments()
    labels = events.select("event_id").join(labels, on="event_id", maintain_order="left")
    stream = write(tmp_path / "s", events, labels.with_columns(known_at=None))
    soon = small_study(stream, tmp_path / "soon", trials=1, label_delay="1h")
    late = small_study(stream, tmp_path / "late", trials=1, label_delay="6d")
    assert soon.best.document["label_delay"] == "1h"
    assert soon.winner["objective"] != late.winner["objective"]
