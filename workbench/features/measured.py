"""What can be said of values that are measured now and then: how long ago, how often, where to.

Values that were not measured count for nothing. Times are in hours, exact to the microsecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workbench.features.vocabulary import Feature, Measure


@dataclass(frozen=True, slots=True)
class SinceMeasured(Feature):
    """Hours since the entity's last value of a column; 0 where this event has one."""

    column: Measure
    by: str
    form: ClassVar[str] = "{by}_{column}_age"
    sentence: ClassVar[str] = "Hours since {column} of the {by} was last measured"


@dataclass(frozen=True, slots=True)
class Measured(Feature):
    """How many values of a column the entity has had within the window, this event's included."""

    column: Measure
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_measured_{window}"
    sentence: ClassVar[str] = "Values of {column} of the {by} in the last {window}"


@dataclass(frozen=True, slots=True)
class DistinctMeasured(Feature):
    """Of how many of some columns the entity has ever had a value, this event included."""

    columns: tuple[Measure, ...]
    by: str
    form: ClassVar[str] = "{by}_{columns}_distinct"
    sentence: ClassVar[str] = "How many of these the {by} has had measured: {columns}"


@dataclass(frozen=True, slots=True)
class Min(Feature):
    """Smallest value of a column over the window, this event included."""

    column: Measure
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_min_{window}"
    sentence: ClassVar[str] = (
        "Smallest {column} of the {by} in the last {window}, this one included"
    )


@dataclass(frozen=True, slots=True)
class Slope(Feature):
    """Least-squares slope of a column over the window, an hour, this event included.

    From times in whole seconds. Missing for fewer than three values, or where all are of one
    second.
    """

    column: Measure
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_slope_{window}"
    sentence: ClassVar[str] = "Slope of {column} of the {by} over the last {window}, an hour"


@dataclass(frozen=True, slots=True)
class Change(Feature):
    """The entity's last value of a column, less what was the last one a window ago."""

    column: Measure
    by: str
    window: str
    form: ClassVar[str] = "{by}_{column}_change_{window}"
    sentence: ClassVar[str] = "Change of {column} of the {by} over the last {window}"


@dataclass(frozen=True, slots=True)
class FromBaseline(Feature):
    """The entity's last value of a column, less the median of its first ones.

    The baseline is of the time ``span`` from the entity's first event on, and of values before
    this event. The span has 24 equal parts, of each of which the first value counts: so it is
    bounded however often is measured, and one wrong value moves it little.
    """

    column: Measure
    by: str
    span: str
    form: ClassVar[str] = "{by}_{column}_from_baseline_{span}"
    sentence: ClassVar[str] = "{column} of the {by}, less the median of its first {span}"
