"""Which artifact is in charge at which time, and which ones run beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.artifacts.artifact import Artifact
from workbench.errors import BadInput, CheckFailed
from workbench.fingerprints import fingerprints
from workbench.live.fields import BadMessage, decode, read_time, text
from workbench.live.lane import Lane, Outcomes
from workbench.live.order import FOREVER, NEVER, Key, ticks
from workbench.streams.schema import EVENT_TIME
from workbench.streams.values import EARLIEST

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from workbench.streams.schema import Schema


@dataclass(slots=True)
class Takeover:
    """What the control topic says: an artifact, from when on, and how long the old one stays.

    Parameters
    ----------
    artifact
        The next artifact.
    since
        From this event time on (µs) its scores count.
    shadow_until
        Until this event time (µs) the one before goes on, in the shadow topic.
    """

    artifact: Artifact
    since: int
    shadow_until: int

    @classmethod
    def of(cls, value: bytes | None) -> Takeover:
        """Read a message of the control topic.

        Raises
        ------
        BadMessage
            If it cannot be used, or the artifact is not the one that is meant.
        """
        document = decode(value)
        folder, digest = text(document.get("artifact"), "artifact"), document.get("digest")
        since = read_time(document.get("from"), "from")
        shadow = document.get("shadow_until")
        until = since if shadow is None else read_time(shadow, "shadow_until")
        try:
            artifact = Artifact.open(folder)
            artifact.verify()
        except (BadInput, CheckFailed) as error:
            raise BadMessage(f"artifact: {error}") from error
        if artifact.digest != digest:
            raise BadMessage(f"digest: {digest!r}, where the artifact has {artifact.digest}")
        if artifact.last_event[0] >= since:
            raise BadMessage("from: not after the last event that the artifact has seen")
        return cls(artifact, since, until)


@dataclass(slots=True)
class _Charge:
    lane: Lane
    since: int = NEVER
    shadow_until: int = FOREVER
    """Of the lane before: how long it goes on beside this one."""


class Lanes:
    """The lanes of a worker in the order in which they take over.

    Parameters
    ----------
    artifact
        The one that the worker begins with.
    schema
        Of the case's events.
    """

    def __init__(self, artifact: Artifact, schema: Schema) -> None:
        self._schema = schema
        self._charges = [_Charge(Lane(artifact, schema))]
        self.begin = Key(*artifact.last_event)

    def in_charge(self, time: int) -> Lane:
        """Return the lane whose scores count at a time."""
        return next(c.lane for c in reversed(self._charges) if c.since <= time)

    def waits(self, ids: pl.Series) -> npt.NDArray[np.bool_]:
        """Return which events wait for their label: should their ids come, they come again."""
        # Of those that do not wait, the time lies before all times.
        return self._charges[0].lane.path.pending.time_of(fingerprints(ids)) >= EARLIEST

    def process(self, events: pl.DataFrame, labels: pl.DataFrame) -> tuple[Outcomes, Outcomes]:
        """Drive every lane over the next events and labels.

        Returns
        -------
        counting, shadow : Outcomes
            The answers that count, one for each event, and those that stand beside them.
        """
        counting, shadow = [], []
        for number, charge in enumerate(self._charges):
            after = self._charges[number + 1] if number + 1 < len(self._charges) else None
            end, shadow_end = (after.since, after.shadow_until) if after else (FOREVER, FOREVER)
            outcomes = charge.lane.process(events, labels)
            counting.append(outcomes.between(charge.since, end))
            shadow.append(outcomes.between(end, shadow_end))
        if events.height:
            self._retire(int(ticks(events[EVENT_TIME])[-1]))
        return Outcomes.joined(counting), Outcomes.joined(shadow)

    def _retire(self, now: int) -> None:
        """Drop lanes that have nothing more to say."""
        while len(self._charges) > 1:
            after = self._charges[1]
            if now < max(after.since, after.shadow_until):
                return
            del self._charges[0]

    def late(self, events: pl.DataFrame, now: int) -> Outcomes:
        """Score events that came too late, by the lane in charge now."""
        return self.in_charge(now).late(events)

    def add(self, takeover: Takeover, lane: Lane) -> None:
        """Let a lane take over that has seen what the others have.

        Raises
        ------
        BadMessage
            If another one takes over later.
        """
        if takeover.since <= self._charges[-1].since:
            raise BadMessage("from: not after the takeover that is planned already")
        self._charges.append(_Charge(lane, takeover.since, takeover.shadow_until))

    def new(self, artifact: Artifact) -> Lane:
        """Return a lane for a further artifact."""
        return Lane(artifact, self._schema)

    def state(self) -> list[dict[str, Any]]:
        """Return everything that later scores depend on, as plain data."""
        return [
            {
                "artifact": str(c.lane.artifact.path.resolve()),
                "digest": c.lane.digest,
                "since": c.since,
                "shadow_until": c.shadow_until,
                "lane": c.lane.state(),
            }
            for c in self._charges
        ]

    def restore(self, state: list[dict[str, Any]]) -> None:
        """Take over what :meth:`state` returned.

        Raises
        ------
        BadInput
            If an artifact that had taken over is not there any more.
        """
        known = {charge.lane.digest: charge.lane for charge in self._charges}
        self._charges = []
        for entry in state:
            lane = known.get(entry["digest"]) or self.new(Artifact.open(entry["artifact"]))
            if lane.digest != entry["digest"]:
                raise BadInput.of(
                    f"{entry['artifact']} (digest {lane.digest})",
                    allowed=f"the artifact {entry['digest']}, which had taken over",
                    hint="put it back, or begin anew with another --state",
                )
            lane.restore(entry["lane"])
            self._charges.append(_Charge(lane, entry["since"], entry["shadow_until"]))
