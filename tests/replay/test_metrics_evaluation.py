"""What an evaluation shows."""

import json
import math
from datetime import date
from html.parser import HTMLParser

import polars as pl

from workbench.replay.estimates import Estimate
from workbench.replay.evaluation import Comparison, Evaluation, Measure

MEASURES = {
    "auc": Measure("ROC <AUC>"),
    "cost": Measure("Cost", ",.0f", limit=None, higher_is_better=False),
}


def evaluation(**changes):
    given = {
        "overall": {"auc": Estimate(0.9, 0.8, 0.95), "cost": Estimate(math.nan)},
        "measures": MEASURES,
        "n": 1234,
        "positives": 5,
        "entities": 67,
        "excluded": {"without label": 3, "without score": 0},
        "entity": "card",
        "positive": "fraud",
    }
    return Evaluation(**{**given, **changes})


class Checker(HTMLParser):
    """Fails where tags do not nest; collects the text."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, _attrs):
        if tag not in ("line", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("line", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def text_of(html):
    checker = Checker()
    checker.feed(html)
    assert not checker.open
    return " | ".join(checker.text)


def test_the_text_names_what_was_evaluated_and_what_was_left_out():
    assert repr(evaluation()) == (
        "1,234 events, 5 fraud, 67 cards; left out: 3 without label\n"
        "  ROC <AUC>    0.900 [0.800, 0.950]\n"
        "  Cost         not defined"
    )


def test_html_is_well_formed_and_escaped():
    html = evaluation()._repr_html_()
    assert "<AUC>" not in html
    assert "ROC <AUC> | 0.900 | 0.800 to 0.950" in text_of(html)
    assert html.count("<svg") == 1  # a metric without a limit has no bar


def test_html_sets_no_colour_that_fails_on_dark():
    html = evaluation()._repr_html_()
    assert "currentColor" in html
    assert "color:#" not in html


def test_patterns_have_a_table_of_their_own():
    table = pl.DataFrame(
        {"pattern": ["a<b"], "events": [1500], "auc": [0.5], "auc_low": [0.4], "auc_high": [0.6]}
    )
    text = text_of(evaluation(by_pattern=table)._repr_html_())
    assert "By pattern of fraud" in text
    assert "a<b | 1,500 | 0.500 [0.400, 0.600]" in text


def test_json_is_plain_data():
    by_day = pl.DataFrame({"day": [date(2025, 3, 3)], "auc": [math.nan], "events": [7]})
    found = json.loads(json.dumps(evaluation(by_day=by_day).to_dict(), allow_nan=False))
    assert found["overall"]["auc"] == {"value": 0.9, "low": 0.8, "high": 0.95}
    assert found["overall"]["cost"]["value"] is None
    assert found["by_day"] == [{"day": "2025-03-03", "auc": None, "events": 7}]


def test_a_metric_is_asked_for_by_name():
    assert evaluation()["auc"].value == 0.9


def test_a_comparison_says_what_is_better_and_whether_it_is_certain():
    comparison = Comparison(
        {"auc": Estimate(0.02, -0.01, 0.05), "cost": Estimate(-7.0, -9.0, -5.0)}, MEASURES, 100, 4
    )
    assert comparison.verdict("auc") == "not certain"
    assert comparison.verdict("cost") == "better"  # lower is better
    assert repr(comparison) == (
        "100 events that both scored; left out: 4 that one did not\n"
        "  ROC <AUC>    +0.020 [-0.010, +0.050]    not certain\n"
        "  Cost         -7 [-9, -5]                better"
    )
    assert "Cost | -7 | -9 to -5 | better" in text_of(comparison._repr_html_())
    assert comparison.to_dict()["differences"]["cost"]["verdict"] == "better"


def test_a_worse_run_is_called_worse():
    comparison = Comparison({"auc": Estimate(-0.2, -0.3, -0.1)}, MEASURES, 100)
    assert comparison.verdict("auc") == "worse"
    assert comparison["auc"].excludes_zero


def test_an_undefined_difference_is_not_certain_and_has_no_bar():
    comparison = Comparison({"auc": Estimate(math.nan)}, MEASURES, 100)
    assert comparison.verdict("auc") == "not certain"
    assert "<svg" not in comparison._repr_html_()
