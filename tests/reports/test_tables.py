"""Tables of notebooks and pages, and how a report is made again."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.replay.estimates import Estimate
from workbench.replay.evaluation import Evaluation, Measure
from workbench.replay.run import Run
from workbench.replay.setup import Setup
from workbench.reports.reproduce import Recipe
from workbench.reports.tables import Rows, SideBySide

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MEASURES = {
    "recall": Measure("Recall"),
    "lost": Measure("Lost", ",.0f", None, higher_is_better=False),
}


def evaluation(recall: float, lost: float) -> Evaluation:
    overall = {"recall": Estimate(recall, recall - 0.1, recall + 0.1), "lost": Estimate(lost)}
    return Evaluation(overall, MEASURES, n=10, positives=2, entities=5)


def test_rows_are_formatted_named_and_escaped() -> None:
    frame = pl.DataFrame({"what": ["<b>", None], "share": [0.25, math.nan]})
    rows = Rows(frame, {"share": ".0%"}, {"share": "Share & more"})
    assert repr(rows).splitlines()[1].split() == ["<b>", "25%"]
    html = rows._repr_html_()
    assert "&lt;b&gt;" in html
    assert "Share &amp; more" in html
    assert "nan" not in html
    assert "None" not in html


def test_a_format_may_be_a_function() -> None:
    assert "<2>" in repr(Rows(pl.DataFrame({"n": [2]}), {"n": "<{}>".format}))


def test_short_texts_stay_on_a_line_and_sentences_do_not() -> None:
    html = Rows(pl.DataFrame({"a": ["2025-03-01"], "b": ["A sentence that goes on. " * 3]}))
    cells = html._repr_html_().split("<tbody>")[1].split("<td")
    assert "nowrap" in cells[1]
    assert "nowrap" not in cells[2]


def test_the_best_value_stands_out_in_the_direction_that_is_good() -> None:
    both = SideBySide({"this": evaluation(0.5, 200), "that": evaluation(0.4, 100)})
    html = both._repr_html_()
    assert "<strong>0.500</strong>" in html
    assert "<strong>100</strong>" in html
    assert html.count("<strong>") == 2
    assert "0.500 [0.400, 0.600]" in repr(both)


def test_equal_or_undefined_values_do_not_stand_out() -> None:
    same = SideBySide({"a": evaluation(0.5, math.nan), "b": evaluation(0.5, math.nan)})
    assert "<strong>" not in same._repr_html_()
    assert "not defined" in repr(same)


def test_only_the_metrics_that_are_asked_for_are_shown() -> None:
    assert "Lost" not in repr(SideBySide({"a": evaluation(0.5, 1)}, ["recall"]))


def recipe(project: Path, parameters: dict[str, Any], delay: str = "as recorded") -> Recipe:
    document = {
        **Setup.of("fraud", "additive").to_data(),
        "label_delay": delay,
        "seed": 3,
        "stream": {"hash": "abc"},
        "versions": {"river": "0.26"},
    }
    stream: Any = SimpleNamespace(path=project / "my data")
    return Recipe("fraud", parameters, Run(project / "runs" / "mine", document, stream))


def test_the_commands_make_report_run_and_artifact_again(project: Path) -> None:
    made = recipe(
        project,
        {"stream": "my data", "detector": "", "parameters": {"lr": 0.2, "seed": 3}, "budget": 50},
        delay="7d",
    )
    report, replay, export = made.commands
    assert report == (
        "workbench report fraud -p 'stream=my data' "
        """-p 'parameters={"lr":0.2,"seed":3}' -p budget=50"""
    )
    assert replay == (
        "workbench replay fraud --stream 'my data' --detector additive -p lr=0.2 --seed 3 "
        "--label-delay 7d --out runs/mine"
    )
    assert export == "workbench export runs/mine --out artifacts/fraud"


def test_a_recipe_names_what_the_result_depends_on(project: Path) -> None:
    made = recipe(project, {"stream": "<x>"})
    assert "hash abc" in repr(made)
    assert "river 0.26" in repr(made)
    assert "--label-delay" not in repr(made)
    assert "&lt;x&gt;" in made._repr_html_()


def test_outputs_may_lie_elsewhere_and_are_shown_the_same(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.project import locate, output, shown

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("WORKBENCH_OUTPUT", str(elsewhere))
    path = output("runs/mine")
    path.mkdir(parents=True)
    assert path == elsewhere / "runs" / "mine"
    assert shown(path) == shown(project / "runs" / "mine") == "runs/mine"
    assert locate("runs/mine") == path
