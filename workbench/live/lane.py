"""An artifact at work: events and labels in, scores and alerts out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workbench.case import get_case
from workbench.live.alerts import alert
from workbench.live.fields import spell_all
from workbench.live.merge import Key
from workbench.live.messages import label_frame
from workbench.replay.along import plain
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.artifacts.artifact import Artifact
    from workbench.detectors.protocol import Matrix, Vector
    from workbench.live.messages import Event, EventCodec, Label
    from workbench.replay.along import Answers


class Outcome(NamedTuple):
    """What became of an event: its place in the order, its score, and its alert if it is one."""

    key: Key
    entity: str
    score: dict[str, Any]
    alert: dict[str, Any] | None = None


class Lane:
    """One artifact's path along the live stream.

    Parameters
    ----------
    artifact
        The artifact; it is verified first.
    codec
        Of the case's events.
    """

    def __init__(self, artifact: Artifact, codec: EventCodec) -> None:
        self.artifact = artifact
        self.digest = artifact.digest
        self.path = artifact.restore(learning=True)
        self.path.strict = False
        self.policy = artifact.alert_policy()
        self._codec = codec
        self._answer = get_case(artifact.case).answer

    @property
    def last(self) -> Key:
        """The last event that it has seen."""
        return Key(*(self.path.last or self.artifact.last_event))

    def process(self, events: Sequence[Event], labels: Sequence[Label]) -> list[Outcome]:
        """Score events in their order, and learn what became known meanwhile."""
        begin = self.last
        ahead = [event for event in events if event[:2] > begin]
        frame = self._codec.frame(ahead)
        threshold = math.inf if self.policy is None else self.policy.threshold
        why: dict[int, list[dict[str, Any]]] = {}

        def scored(first: int, X: Matrix, scores: Vector) -> None:
            # Asked now, because the detector learns on before the batch ends.
            for row in np.flatnonzero(scores >= threshold).tolist():
                why[first + row] = self.path.explain(X[row])

        answers = self.path.process(frame, label_frame(labels), scored)
        outcomes = self._outcomes(ahead, answers, late=False)
        chosen = [] if self.policy is None else self.policy.choose(frame, answers)
        for row, severity, score, reasons in chosen:
            outcome = outcomes[row]
            about = alert(
                outcome.score if score is None else outcome.score | {"score": score},
                entity=outcome.entity,
                threshold=threshold,
                severity=severity,
                reasons=why.get(row, []) if reasons is None else reasons,
            )
            outcomes[row] = outcome._replace(alert=about)
        return outcomes

    def late(self, events: Sequence[Event]) -> list[Outcome]:
        """Score events that came too late, with the state of the moment."""
        answers = self.path.score_late(self._codec.frame(events))
        return self._outcomes(events, answers, late=True)

    def _outcomes(self, events: Sequence[Event], answers: Answers, *, late: bool) -> list[Outcome]:
        digest, entity, name = self.digest, self._codec.entity, self._answer
        times = spell_all(np.array([event.time for event in events], np.int64))
        return [
            Outcome(
                Key(event.time, event.event_id),
                entity(event),
                {
                    EVENT_ID: event.event_id,
                    EVENT_TIME: time,
                    name: answer,
                    "artifact": digest,
                    "late": late,
                },
            )
            for event, time, answer in zip(events, times, plain(answers), strict=True)
        ]

    def state(self) -> dict[str, Any]:
        """Return everything that later scores depend on, as plain data."""
        policy = {} if self.policy is None else self.policy.state()
        return {"path": self.path.state(), "policy": policy}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.path.restore(state["path"])
        if self.policy is not None:
            self.policy.restore(state["policy"])
