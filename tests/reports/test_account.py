"""A report in numbers, and what changed since the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from nbformat.v4 import new_code_cell, new_notebook, new_output

from workbench.replay.evaluation import Measure
from workbench.reports.account import MIME, Account

if TYPE_CHECKING:
    from pathlib import Path


def account(value: float = 0.5, stream: str = "aaa", detector: str = "rule") -> Account:
    return Account(
        "Caught <most>",
        {"stream hash": stream, "detector": detector},
        {
            "recall": {"value": value, "low": value - 0.1, "high": value + 0.1},
            "money": {"value": 100 * value, "low": 100 * value - 1, "high": 100 * value + 1},
        },
        {
            "recall": Measure("Recall"),
            "money": Measure("Money lost", ",.0f", None, higher_is_better=False),
        },
    )


def test_an_account_comes_back_from_its_data() -> None:
    assert Account.from_dict(orjson.loads(orjson.dumps(account().to_dict()))) == account()


def test_the_last_account_that_a_notebook_displays_is_its_account() -> None:
    def cell(shown: Account) -> object:
        output = new_output("execute_result", data=shown._repr_mimebundle_())
        return new_code_cell(outputs=[output])

    shown = new_notebook(cells=[cell(account(0.1)), cell(account(0.2)), new_code_cell()])
    assert Account.found_in(shown) == account(0.2)
    assert Account.found_in(new_notebook()) is None


def test_it_shows_its_headline_escaped() -> None:
    shown = account()._repr_mimebundle_()
    assert shown["text/plain"] == "Caught <most>"
    assert "Caught &lt;most&gt;" in shown["text/html"]
    assert shown[MIME]["headline"] == "Caught <most>"


def test_a_first_report_says_so() -> None:
    changes = account().since(None)
    assert repr(changes) == "There is no earlier report to compare this one with."


def test_the_same_report_again_changed_nothing() -> None:
    assert account().since(account()).headline.startswith("Nothing changed")


def test_other_settings_on_the_same_events_are_what_makes_the_difference() -> None:
    changes = account(0.5).since(account(0.3, detector="other"))
    assert changes.setup == {"detector": ("other", "rule")}
    assert "comes from the settings" in changes.headline
    assert changes.verdict("recall") == "better"
    assert changes.verdict("money") == "worse"
    assert "Recall: 0.300 → 0.500  better" in repr(changes)
    row = changes._repr_html_().split("Recall</td>")[1].split("</tr>")[0]
    assert [cell.split(">")[1] for cell in row.split("</td>")[:3]] == ["0.300", "0.500", "better"]


def test_other_events_are_named_as_a_reason() -> None:
    changes = account(0.5).since(account(0.45, stream="bbb"))
    assert "mix" in changes.headline
    assert changes.verdict("recall") == "within the interval"


def test_a_metric_that_is_new_or_undefined_is_not_compared() -> None:
    old = Account("", {}, {"recall": {"value": None, "low": None, "high": None}})
    changes = account().since(old)
    assert changes.moved == ["recall"]
    assert changes.verdict("recall") == ""
    assert "Recall: not defined → 0.500" in repr(changes)


def test_an_earlier_report_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    assert Account.read("") is None
    assert Account.read(tmp_path) is None
    (tmp_path / "report.json").write_text('{"account": null}')
    assert Account.read(tmp_path) is None
    (tmp_path / "report.json").write_bytes(orjson.dumps({"account": account().to_dict()}))
    assert Account.read(tmp_path) == account()
