"""What an alert tells a person, and which messages are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

from workbench.live.alerts import alert, alert_id, read
from workbench.live.fields import BadMessage
from workbench.replay.reasons import MOST, reasons

if TYPE_CHECKING:
    from workbench.detectors.protocol import Matrix

SCORE = {
    "event_id": "7",
    "event_time": "2018-04-01T00:00:00.000000Z",
    "score": 0.1 + 0.2,
    "artifact": "0123456789abcdef",
    "late": False,
}
REASON = {"feature": "amount", "value": 1.0, "contribution": 2.0}
#: An entity that would be markup to a browser, and a command to a terminal.
ENTITY = "<b>'; DROP TABLE alerts --\x1b[2J"


class Explaining:
    """Says contributions of seven terms, the seventh of a pair of features."""

    def explain(self, X: Matrix) -> tuple[tuple[str, ...], Matrix]:
        row = np.array([0.0, -3.0, 1.0, 2.0, 0.5, 0.25, 4.0])
        return ("a", "b", "c", "d", "e", "f", "a × b"), np.tile(row, (len(X), 1))


FEATURES, ROW = tuple("abcdef"), np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0])


def message(**changes: Any) -> bytes:
    whole = alert(SCORE, ENTITY, 0.25, "low", [REASON]) | changes
    return orjson.dumps({name: value for name, value in whole.items() if value is not ...})


def test_the_reasons_are_the_five_largest_contributions_with_their_values() -> None:
    found = reasons(Explaining(), FEATURES, ROW)
    assert [(r["feature"], r["value"], r["contribution"]) for r in found] == [
        ("a × b", None, 4.0),
        ("b", 2.0, -3.0),
        ("d", 4.0, 2.0),
        ("c", None, 1.0),
        ("e", 5.0, 0.5),
    ]


def test_a_detector_that_does_not_explain_gives_values_only() -> None:
    found = reasons(object(), FEATURES, ROW)
    assert len(found) == MOST
    assert found[2] == {"feature": "c", "value": None, "contribution": None}


def test_an_alert_is_the_score_and_more_and_reads_back_as_it_was() -> None:
    found = read(message())
    assert found.document == {
        **SCORE,
        "alert_id": alert_id("0123456789abcdef", "7"),
        "entity": ENTITY,
        "threshold": 0.25,
        "severity": "low",
        "reasons": [REASON],
    }
    assert (found.event_id, found.entity, found.score) == ("7", ENTITY, SCORE["score"])


def test_the_same_event_has_another_alert_with_another_artifact() -> None:
    assert alert_id("0" * 16, "7") != alert_id("1" * 16, "7")
    assert alert_id("0" * 16, "7") == alert_id("0" * 16, "7")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "tombstone"),
        (b"{", "not JSON"),
        (message(alert_id=...), "alert_id: missing"),
        (message(entity=7), "entity: not text"),
        (message(severity="very high"), "severity: out of range"),
        (message(severity="a.b"), "severity: out of range"),
        (message(score="1"), "score: not a number"),
        (message(score=True), "score: not a number"),
        (message(event_time="yesterday"), "event_time: "),
    ],
)
def test_what_is_no_alert_is_refused_with_the_reason(value: bytes | None, reason: str) -> None:
    with pytest.raises(BadMessage, match=reason):
        read(value)
