"""An artifact at work: events and labels in, answers and alerts out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl

from workbench.case import get_case
from workbench.live.alerts import alert
from workbench.live.fields import spell
from workbench.live.order import Key, ticks, upto, where
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.artifacts.artifact import Artifact
    from workbench.detectors.protocol import Matrix, Vector
    from workbench.replay.along import Answers
    from workbench.streams.schema import Schema


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of events.

    Attributes
    ----------
    answers
        A row for each event, in their order: ``entity``, and what is said of it (``event_id``,
        ``event_time``, ``score`` or what else the case answers, ``artifact`` and ``late``).
    alerts
        Those among them that are alerts: their places, and what is said of them.
    """

    answers: pl.DataFrame
    alerts: list[tuple[Key, dict[str, Any]]]

    @classmethod
    def joined(cls, outcomes: Sequence[Outcomes]) -> Self:
        """Return several as one."""
        answers = pl.concat([some.answers for some in outcomes])
        return cls(answers, [about for some in outcomes for about in some.alerts])

    def after(self, place: Key) -> Outcomes:
        """Return those after a place."""
        rest = where(self.answers, ~upto(self.answers, place))
        return Outcomes(rest, [(key, about) for key, about in self.alerts if key > place])

    def between(self, since: int, until: int) -> Outcomes:
        """Return those from a time (inclusive) to another (exclusive), in µs."""
        time = ticks(self.answers[EVENT_TIME])
        return Outcomes(
            where(self.answers, (time >= since) & (time < until)),
            [(key, about) for key, about in self.alerts if since <= key.time < until],
        )


class Lane:
    """One artifact's path along the live stream.

    Parameters
    ----------
    artifact
        The artifact; it is verified first.
    schema
        Of the case's events.
    """

    def __init__(self, artifact: Artifact, schema: Schema) -> None:
        self.artifact = artifact
        self.digest = artifact.digest
        self.path = artifact.restore(learning=True)
        self.path.strict = False
        self.policy = artifact.alert_policy()
        self.schema = schema
        self._answer = get_case(artifact.case).answer

    @property
    def last(self) -> Key:
        """The last event that it has seen."""
        return Key(*(self.path.last or self.artifact.last_event))

    def process(self, events: pl.DataFrame, labels: pl.DataFrame) -> Outcomes:
        """Score events in their order, and learn what became known meanwhile."""
        events = where(events, ~upto(events, self.last))
        threshold = math.inf if self.policy is None else self.policy.threshold
        why: dict[int, list[dict[str, Any]]] = {}

        def scored(first: int, X: Matrix, scores: Vector) -> None:
            # Asked now, because the detector learns on before the batch ends.
            for row in np.flatnonzero(scores >= threshold).tolist():
                why[first + row] = self.path.explain(X[row])

        answers = self.path.process(events, labels, scored)
        outcomes = self._outcomes(events, answers, late=False)
        chosen = [] if self.policy is None else self.policy.choose(events, answers)
        for row, severity, score, reasons in chosen:
            said = outcomes.answers.row(row, named=True)
            time, entity = int(events[EVENT_TIME].to_physical()[row]), said.pop("entity")
            said[EVENT_TIME] = spell(time)
            about = alert(
                said if score is None else said | {"score": score},
                entity=entity,
                threshold=threshold,
                severity=severity,
                reasons=why.get(row, []) if reasons is None else reasons,
            )
            outcomes.alerts.append((Key(time, said[EVENT_ID]), about))
        return outcomes

    def late(self, events: pl.DataFrame) -> Outcomes:
        """Score events that came too late, with the state of the moment."""
        return self._outcomes(events, self.path.score_late(events), late=True)

    def _outcomes(self, events: pl.DataFrame, answers: Answers, *, late: bool) -> Outcomes:
        said = events.select(
            pl.col(self.schema.routing).alias("entity"),
            EVENT_ID,
            EVENT_TIME,
            pl.Series(self._answer, answers),
            pl.lit(self.digest).alias("artifact"),
            pl.lit(late).alias("late"),
        )
        return Outcomes(said, [])

    def state(self) -> dict[str, Any]:
        """Return everything that later scores depend on, as plain data."""
        policy = {} if self.policy is None else self.policy.state()
        return {"path": self.path.state(), "policy": policy}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.path.restore(state["path"])
        if self.policy is not None:
            self.policy.restore(state["policy"])
