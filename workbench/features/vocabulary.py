"""The vocabulary: what can be said about an event and its entities' past, one line each.

Three rules hold for every word of it. A feature of an event depends on that event and on
what was known before it, never on what came later. A window of length ``w`` at time ``t``
holds the events in ``(t - w, t]`` that came before it in the order of the stream. What cannot
be said yet (no past, no known label, no entity) is missing: ``NaN`` in the feature matrix.

Amounts are whole numbers (minor units, fixed point), so that sums are exact; missing ones are
left out. A day is a calendar day in UTC. A label counts from its delivery on, in the order in
which labels became known; in windows, its time is the time of becoming known.

A late event is seen from the time that the stream has reached: only what it says of itself
(:class:`Value`, :class:`HourOfDay`, …) is of its own time. An entity that is not seen for very
long (see :class:`~workbench.features.engine.FeatureEngine`) is forgotten, and with it the labels
that its events still wait for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """A declared feature.

    Parameters
    ----------
    name
        Its name in tables, plots and artifacts; made from the declaration where left out.
    doc
        What it says, for people; made from the declaration where left out.
    """

    name: str = ""
    doc: str = ""

    #: How the sentence for people is made from the fields.
    sentence: ClassVar[str] = ""
    #: How the name is made from the fields.
    form: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for field, text, joint in (("name", self.form, "_"), ("doc", self.sentence, ", ")):
            if not getattr(self, field):
                parts = {f: _spelled(getattr(self, f), joint) for f in self.__dataclass_fields__}
                object.__setattr__(self, field, text.format(**parts))


def _spelled(value: Any, joint: str) -> Any:
    """Return a field as it stands in names and sentences."""
    if isinstance(value, tuple):
        return joint.join(str(_spelled(part, joint)) for part in value)
    return value.name if isinstance(value, Feature) else value


Measure: TypeAlias = str | Feature
"""A whole-number column, or a whole number that is made of some (:mod:`.derived`)."""


@dataclass(frozen=True, slots=True)
class Value(Feature):
    """The event's own value of a column."""

    column: str
    form: ClassVar[str] = "{column}"
    sentence: ClassVar[str] = "The event's {column}"


@dataclass(frozen=True, slots=True)
class Weekend(Feature):
    """1 on a Saturday or Sunday, else 0."""

    form: ClassVar[str] = "weekend"
    sentence: ClassVar[str] = "Whether the event is on a Saturday or Sunday (UTC)"


@dataclass(frozen=True, slots=True)
class Night(Feature):
    """1 from midnight to ``until`` o'clock inclusive, else 0."""

    until: int = 6
    form: ClassVar[str] = "night"
    sentence: ClassVar[str] = "Whether the event is between midnight and {until}:59 (UTC)"


@dataclass(frozen=True, slots=True)
class HourOfDay(Feature):
    """The hour of the day, 0 to 23."""

    form: ClassVar[str] = "hour"
    sentence: ClassVar[str] = "Hour of the day (UTC)"


@dataclass(frozen=True, slots=True)
class Count(Feature):
    """Events of the entity within the window, this one included."""

    by: str
    window: str
    form: ClassVar[str] = "{by}_count_{window}"
    sentence: ClassVar[str] = "Events of the {by} in the last {window}, this one included"


@dataclass(frozen=True, slots=True)
class Sum(Feature):
    """Sum of a column over the window, this event included."""

    column: Measure
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_sum_{window}"
    sentence: ClassVar[str] = "Sum of {column} of the {by} in the last {window}, this one included"


@dataclass(frozen=True, slots=True)
class Mean(Feature):
    """Mean of a column over the window, this event included."""

    column: Measure
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_mean_{window}"
    sentence: ClassVar[str] = "Mean {column} of the {by} in the last {window}, this one included"


@dataclass(frozen=True, slots=True)
class Std(Feature):
    """Sample standard deviation of a column over the window, this event included.

    Missing for fewer than two values.
    """

    column: Measure
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_std_{window}"
    sentence: ClassVar[str] = (
        "Standard deviation of {column} of the {by} in the last {window}, this one included"
    )


@dataclass(frozen=True, slots=True)
class Max(Feature):
    """Largest value of a column over the window, this event included."""

    column: Measure
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_max_{window}"
    sentence: ClassVar[str] = "Largest {column} of the {by} in the last {window}, this one included"


@dataclass(frozen=True, slots=True)
class Distinct(Feature):
    """Different values of another entity column within the window, this event's included."""

    column: str
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_distinct_{window}"
    sentence: ClassVar[str] = (
        "Different {column}s of the {by} in the last {window}, this one included"
    )


@dataclass(frozen=True, slots=True)
class New(Feature):
    """1 if this event's value of another entity column is new to the entity, else 0."""

    column: str
    by: str
    window: str
    form: ClassVar[str] = "{by}_new_{column}_{window}"
    sentence: ClassVar[str] = "Whether the {column} is new to the {by} in the last {window}"


@dataclass(frozen=True, slots=True)
class SinceLast(Feature):
    """Days since the entity's previous event."""

    by: str
    form: ClassVar[str] = "{by}_since_last"
    sentence: ClassVar[str] = "Days since the previous event of the {by}"


@dataclass(frozen=True, slots=True)
class Ratio(Feature):
    """Value divided by the entity's own mean over the window, this event excluded.

    Missing where that mean is not above zero.
    """

    column: Measure
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_ratio_{window}"
    sentence: ClassVar[str] = (
        "{column} ÷ the {by}'s own mean in the last {window}, this one excluded"
    )


@dataclass(frozen=True, slots=True)
class ZScore(Feature):
    """Distance from the entity's own mean in its own standard deviations, this event excluded.

    Over the window; missing where they have no deviation.
    """

    column: Measure
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_zscore_{window}"
    sentence: ClassVar[str] = (
        "Standard deviations of {column} above the {by}'s own mean in the last {window}, "
        "this one excluded"
    )


@dataclass(frozen=True, slots=True)
class KnownCount(Feature):
    """Labels of one kind that became known for the entity within the window."""

    by: str
    window: str
    label: int = 1
    form: ClassVar[str] = "{by}_known_{label}_{window}"
    sentence: ClassVar[str] = "Labels {label} that became known for the {by} in the last {window}"


@dataclass(frozen=True, slots=True)
class KnownRate(Feature):
    """Share of positives among the labels that became known within the window; 0 where none did."""

    by: str
    window: str
    form: ClassVar[str] = "{by}_known_rate_{window}"
    sentence: ClassVar[str] = (
        "Share of positives among the labels that became known for the {by} in the last {window}"
    )


@dataclass(frozen=True, slots=True)
class LastLabels(Feature):
    """Share of positives among the entity's last known labels (1 to 60), or of fewer."""

    by: str
    last: int = 1
    form: ClassVar[str] = "{by}_last_{last}_labels"
    sentence: ClassVar[str] = "Share of positives among the last {last} known labels of the {by}"


@dataclass(frozen=True, slots=True)
class SinceLabel(Feature):
    """Calendar days since the latest event that is known to have the label."""

    by: str
    label: int = 1
    form: ClassVar[str] = "{by}_since_label_{label}"
    sentence: ClassVar[str] = "Days since the latest event of the {by} that is known to be {label}"


@dataclass(frozen=True, slots=True)
class RobustMean(Feature):
    """The entity's habit: mean of its earlier values without its own outliers.

    An earlier value is left out for good if it was more than ``outlier`` times the habit of
    its moment. The mean is shrunk towards the running mean of all entities' values that were
    not left out, with the weight of ``prior`` events. The stream's first value is its own habit.
    """

    column: Measure
    by: str
    outlier: float = 3.0
    prior: float = 1.0
    form: ClassVar[str] = "{by}_{column}_habit"
    sentence: ClassVar[str] = "Habitual {column} of the {by}: mean of earlier ones without outliers"


@dataclass(frozen=True, slots=True)
class RobustRatio(Feature):
    """Value divided by the entity's :class:`RobustMean`; 1 where the habit is not above zero."""

    column: Measure
    by: str
    outlier: float = 3.0
    prior: float = 1.0
    form: ClassVar[str] = "{by}_{column}_robust_ratio"
    sentence: ClassVar[str] = "{column} ÷ the {by}'s habitual {column} (its own outliers left out)"


@dataclass(frozen=True, slots=True)
class HighestPast(Feature):
    """Highest earlier robust ratio of the entity within the window.

    Events that are known to be genuine are left out; only the entity's 512 latest are looked at.
    0 where none is higher.
    """

    ratio: RobustRatio
    window: str
    form: ClassVar[str] = "highest_{ratio}_{window}"
    sentence: ClassVar[str] = (
        "Highest earlier {ratio} in the last {window}, those known to be genuine left out"
    )


@dataclass(frozen=True, slots=True)
class RunLength(Feature):
    """Known positives in the entity's open run of positives; 0 where no run is open.

    A run opens with a known positive, unless its event's day is before that of an event known to
    be genuine, and counts on with each further one. It ends with a known genuine event of its
    first day or later. Its first day is that of the positive that opened it.
    """

    by: str
    form: ClassVar[str] = "{by}_run_length"
    sentence: ClassVar[str] = "Known positives in the open run of positives at the {by}"


@dataclass(frozen=True, slots=True)
class RunAge(Feature):
    """Calendar days since the first day of the open run."""

    by: str
    form: ClassVar[str] = "{by}_run_age"
    sentence: ClassVar[str] = "Days since the open run of positives at the {by} began"


@dataclass(frozen=True, slots=True)
class RunGap(Feature):
    """Calendar days from the latest known genuine event to the first day of the open run.

    Missing where none is known.
    """

    by: str
    form: ClassVar[str] = "{by}_run_gap"
    sentence: ClassVar[str] = "Days without a known label before the open run at the {by}"


@dataclass(frozen=True, slots=True)
class RunSpan(Feature):
    """Age of the open run and the gap before it together."""

    by: str
    form: ClassVar[str] = "{by}_run_span"
    sentence: ClassVar[str] = "Days since the last known genuine event before the run at the {by}"


@dataclass(frozen=True, slots=True)
class Quiet(Feature):
    """Calendar days since the entity's latest known genuine event while no run is open."""

    by: str
    form: ClassVar[str] = "{by}_quiet"
    sentence: ClassVar[str] = (
        "Days since the latest event of the {by} known to be genuine, while no run is open"
    )


@dataclass(frozen=True, slots=True)
class RunLowest(Feature):
    """Smallest robust ratio among the positives of the entity's open run; missing ones left out."""

    ratio: RobustRatio
    by: str
    form: ClassVar[str] = "{by}_run_lowest_{ratio}"
    sentence: ClassVar[str] = "Smallest {ratio} in the open run of positives at the {by}"


@dataclass(frozen=True, slots=True)
class RunOnly(Feature):
    """Robust ratio of the one positive in a run of one."""

    ratio: RobustRatio
    by: str
    form: ClassVar[str] = "{by}_run_only_{ratio}"
    sentence: ClassVar[str] = "{ratio} of the only positive in the run at the {by}"


@dataclass(frozen=True, slots=True)
class RunRival(Feature):
    """For a run of one: the highest ratio of the same ratio entity's other events around it.

    Looked up when the positive's label arrives, among events within ``within`` of it that are
    not known to be genuine by then, and not longer ago than ``within`` and 31 days; 0 where none
    is higher. High values say that the card, not the terminal, explains the positive.
    """

    ratio: RobustRatio
    by: str
    within: str = "13d"
    form: ClassVar[str] = "{by}_run_rival_{ratio}_{within}"
    sentence: ClassVar[str] = (
        "Highest {ratio} within {within} of the only positive in the run at the {by}"
    )
