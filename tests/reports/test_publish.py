"""Publishing a report: what appears, what is refused, and what is left of one that failed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import nbformat
import orjson
import pytest

from workbench.errors import CheckFailed, ParameterError
from workbench.reports import execution
from workbench.reports import publish as module
from workbench.reports.publish import publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhf"
    "DwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
ACCOUNT = """
from workbench.reports.account import Account
recall = {"value": 0.75, "low": None, "high": None}
Account("Caught 3 of <4> frauds", {"detector": "rule"}, {"recall": recall})
""".strip()


@pytest.fixture
def at_seven(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 1, 31, 7, 0, 12, tzinfo=tz)

    monkeypatch.setattr(module, "datetime", Clock)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """Replace the kernel: copy the notebook; return the parameters of each execution."""
    calls: list[dict] = []

    def copy(source, target, parameters):
        calls.append(dict(parameters))
        target.write_bytes(source.read_bytes())

    monkeypatch.setattr(module, "execute", copy)
    return calls


def document_of(folder: Path) -> dict:
    return orjson.loads((folder / "report.json").read_bytes())


def test_a_report_is_a_folder_with_notebook_page_and_account(
    project: Path, notebook: Callable, at_seven: None
) -> None:
    notebook("print(budget * 2, stream)", ACCOUNT)

    published = publish("fraud", {"budget": "50"})

    assert published.folder == project / "reports/fraud/2026-01-31T0700Z"
    assert sorted(p.name for p in published.folder.iterdir()) == [
        "report.html",
        "report.ipynb",
        "report.json",
    ]
    assert published.headline == "Caught 3 of <4> frauds"
    document = document_of(published.folder)
    assert document["parameters"]["budget"] == 50
    assert document["published"] == "2026-01-31T07:00:12Z"
    assert document["failed"] is None
    assert "100 data/fraud" in published.html.read_text()
    assert published.to_dict()["folder"] == str(published.folder)
    assert list(published.folder.parent.glob("*.partial")) == []
    assert sorted(p.name for p in project.iterdir()) == ["notebooks", "reports"]


def test_the_page_loads_nothing_and_hides_the_code_in_an_appendix(
    project: Path, notebook: Callable
) -> None:
    notebook(
        "from IPython.display import HTML, Image\nHTML('<b>bold</b>')",
        f"import base64; Image(base64.b64decode({PIXEL!r}))",
        "import sys; print('a < b', file=sys.stderr)",
    )

    page = publish("fraud").html.read_text()

    assert "<title>Fraud &amp; more</title>" in page
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "<script" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "<b>bold</b>" in page
    assert '<pre class="stderr">a &lt; b' in page
    assert 'alt="Figure: First part"' in page
    assert '<a href="#section-1">First part</a>' in page
    body, appendix = page.split('<details class="code">')
    assert "base64" not in re.sub(r"<[^>]*>", "", body)
    assert "b64decode" in appendix


def test_a_failed_cell_leaves_the_partial_notebook_and_says_which_cell(
    project: Path, notebook: Callable, at_seven: None
) -> None:
    notebook("print('done')", "# what fails\n1 / 0", "print('never')")

    with pytest.raises(CheckFailed, match=r"In \[4\] \(1 / 0\).*division by zero") as error:
        publish("fraud", {"budget": 50})

    failed = project / "reports/fraud/2026-01-31T0700Z.failed"
    assert error.value.exit_code == 1
    assert str(failed / "report.ipynb") in str(error.value)
    cells = nbformat.read(failed / "report.ipynb", as_version=4).cells
    assert any("done" in str(cell.get("outputs")) for cell in cells)
    assert not any("never" in str(cell.get("outputs")) for cell in cells)
    assert "division by zero" in document_of(failed)["failed"]
    assert "ZeroDivisionError" in (failed / "report.html").read_text()
    assert list(failed.parent.glob("*T0700Z")) == []
    assert "Failed:" in (project / "reports/index.html").read_text()


def test_a_kernel_that_dies_is_a_failed_cell(project: Path, notebook: Callable) -> None:
    notebook("import os; os._exit(9)")

    with pytest.raises(CheckFailed, match=r"In \[3\] \(import os.*kernel died"):
        publish("fraud")


def test_a_kernel_that_does_not_start_is_started_once_more(
    project: Path, notebook: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook()
    tries = []

    def clash(source, target, parameters, manager):
        tries.append(manager["transport"])
        if len(tries) == 1:
            raise RuntimeError("Kernel died before replying to kernel_info")
        target.write_bytes(source.read_bytes())

    monkeypatch.setattr(execution, "_run", clash)
    publish("fraud")
    assert tries == ["ipc", "tcp"]


def test_what_a_failed_cell_says_ends_with_one_stop(
    project: Path, notebook: Callable, quick: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook()

    def stops(source: Path, target: Path, _: object) -> execution.Failure:
        copy(source, target)
        return execution.Failure(4, "open()", "StreamError: it is gone.")

    monkeypatch.setattr(module, "execute", stops)
    with pytest.raises(CheckFailed, match=r"it is gone\. What was done"):
        publish("fraud")


def test_two_reports_in_a_minute_have_folders_of_their_own(
    project: Path, notebook: Callable, at_seven: None, quick: list
) -> None:
    notebook()
    names = [publish("fraud").folder.name for _ in range(3)]
    assert names == ["2026-01-31T0700Z", "2026-01-31T0700Z-2", "2026-01-31T0700Z-3"]


def test_the_notebook_is_told_of_the_last_report_that_did_not_fail(
    project: Path, notebook: Callable, quick: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook()
    first = publish("fraud")
    second = publish("fraud")
    monkeypatch.setattr(module, "execute", fail)
    with pytest.raises(CheckFailed):
        publish("fraud")
    monkeypatch.setattr(module, "execute", lambda s, t, p: quick.append(dict(p)) or copy(s, t))
    publish("fraud")
    publish("fraud", {"previous": "mine"})

    previous = [call["previous"] for call in quick]
    assert previous == [
        "",
        str(first.folder.relative_to(project)),
        str(second.folder.relative_to(project)),
        "mine",
    ]


def copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


def fail(source: Path, target: Path, parameters: object) -> execution.Failure:
    copy(source, target)
    return execution.Failure(1, "x", "NameError: x")


def test_a_notebook_without_previous_is_not_given_one(
    project: Path, notebook: Callable, quick: list
) -> None:
    notebook(parameters="budget = 1")
    publish("fraud")
    assert quick == [{}]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"bugdet": 5}, r"'bugdet'.*allowed is budget = 100, stream = 'data/fraud'"),
        ({"budget": "many"}, r"budget='many'.*default 100 \(int\)"),
        ({"budget": 1.5}, r"budget=1\.5"),
        ({"stream": 7}, r"stream=7"),
        ({"api_key": "x"}, r"'api_key'.*environment"),
        ({"settings.password": "x"}, r"'settings\.password'"),
        ({"settings": {"auth_token": "x"}}, r"'auth_token'"),
    ],
)
def test_parameters_are_checked_before_anything_runs(
    project: Path, notebook: Callable, quick: list, parameters: dict, says: str
) -> None:
    notebook()
    with pytest.raises(ParameterError, match=says):
        publish("fraud", parameters)
    assert quick == []
    assert list((project / "reports").iterdir()) == []


def test_a_report_that_is_not_there_is_refused(project: Path) -> None:
    with pytest.raises(ParameterError, match="the case 'gone'"):
        publish("gone")
    with pytest.raises(ParameterError, match=r"notebooks.fraud.report\.ipynb"):
        publish("fraud")


def test_out_takes_a_new_folder_or_that_of_a_report_and_nothing_else(
    project: Path, notebook: Callable, quick: list
) -> None:
    notebook()
    (project / "mine").mkdir()
    (project / "mine" / "thesis.txt").write_text("precious")

    assert publish("fraud", out="elsewhere").folder == project / "elsewhere"
    assert publish("fraud", out="elsewhere").html.exists()
    with pytest.raises(ParameterError, match="mine, where something else is"):
        publish("fraud", out="mine")
    assert (project / "mine" / "thesis.txt").read_text() == "precious"
    assert not (project / "reports/index.html").exists()


def test_braces_in_a_path_are_no_places_to_fill_in(project: Path, notebook: Callable) -> None:
    notebook()
    assert publish("fraud", out="a{b}c").html.exists()


def test_nothing_is_left_of_a_report_that_is_interrupted(
    project: Path, notebook: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook()

    def interrupt(source, target, parameters):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        publish("fraud")
    assert list((project / "reports/fraud").iterdir()) == []


def test_the_lists_show_what_was_published_with_everything_escaped(
    project: Path, notebook: Callable, at_seven: None
) -> None:
    notebook(ACCOUNT)
    publish("fraud")

    every = (project / "reports/index.html").read_text()
    own = (project / "reports/fraud/index.html").read_text()

    assert "Caught 3 of &lt;4&gt; frauds" in every
    assert 'href="fraud/2026-01-31T0700Z/report.html"' in every
    assert 'href="2026-01-31T0700Z/report.html"' in own
    assert "2026-01-31 07:00" in own
    assert "<4>" not in every + own


def test_what_cannot_be_read_is_no_report(project: Path, notebook: Callable, quick: list) -> None:
    notebook()
    broken = project / "reports/fraud/old"
    broken.mkdir(parents=True)
    (broken / "report.json").write_text("{")
    publish("fraud")
    assert quick[0]["previous"] == ""
    assert datetime.now(UTC).strftime("%Y-%m-%d") in (project / "reports/index.html").read_text()
