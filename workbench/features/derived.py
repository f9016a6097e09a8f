"""Whole numbers made of an event's values and of what is known of its entities so far.

Each is a feature, and may stand in place of a column in any other feature: a score is built from
the last values of several signs, and its highest value of 12 hours is then one more line. All of
them are computed in whole numbers of 64 bits, so windows over them are as exact as over columns.

A part that is missing makes the whole missing, unless a word says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workbench.features.vocabulary import Feature, Measure


@dataclass(frozen=True, slots=True)
class Last(Feature):
    """The entity's last value of a column, this event's where it has one."""

    column: Measure
    by: str
    form: ClassVar[str] = "{by}_{column}_last"
    sentence: ClassVar[str] = "Last {column} of the {by}"


@dataclass(frozen=True, slots=True)
class Previous(Feature):
    """The entity's value of a column before its last one."""

    column: Measure
    by: str
    form: ClassVar[str] = "{by}_{column}_previous"
    sentence: ClassVar[str] = "{column} of the {by} before the last one"


@dataclass(frozen=True, slots=True)
class Repeated(Feature):
    """How many of the entity's latest values of a column are equal, the last one included."""

    column: Measure
    by: str
    form: ClassVar[str] = "{by}_{column}_repeated"
    sentence: ClassVar[str] = "Latest values of {column} of the {by} that are equal"


@dataclass(frozen=True, slots=True)
class TimesMeasured(Feature):
    """How many values of a column the entity has had, this event's included."""

    column: Measure
    by: str
    form: ClassVar[str] = "{by}_{column}_times"
    sentence: ClassVar[str] = "Values of {column} of the {by} so far, this one included"


@dataclass(frozen=True, slots=True)
class SinceFirst(Feature):
    """Whole hours since the entity's first event."""

    by: str
    form: ClassVar[str] = "{by}_since_first"
    sentence: ClassVar[str] = "Whole hours since the first event of the {by}"


@dataclass(frozen=True, slots=True)
class Steady(Feature):
    """The event's value of a column, unless it jumps as an artefact does; then it is missing.

    A value jumps that lies more than ``jump`` from the entity's latest one that did not, if that
    is less than ``patience`` old. Jumps that agree, each no more than ``agree`` from the first
    of them, are taken for true once they have lasted ``hold``. Of values that are ``patience``
    or more apart none is left out.
    """

    column: Measure
    by: str
    jump: int
    agree: int
    hold: str
    patience: str = "1h"
    form: ClassVar[str] = "{by}_{column}_steady"
    sentence: ClassVar[str] = (
        "{column}, without jumps of the {by} by more than {jump} that last less than {hold}"
    )


@dataclass(frozen=True, slots=True)
class Present(Feature):
    """In how many of some columns the event has a value."""

    columns: tuple[Measure, ...]
    form: ClassVar[str] = "{columns}_present"
    sentence: ClassVar[str] = "How many of these the event has values of: {columns}"


@dataclass(frozen=True, slots=True)
class Quotient(Feature):
    """``over`` · ``times`` ÷ ``under``, rounded down; missing where ``under`` is 0."""

    over: Measure
    under: Measure
    times: int = 1
    form: ClassVar[str] = "{over}_per_{under}"
    sentence: ClassVar[str] = "{over} · {times} ÷ {under}"


@dataclass(frozen=True, slots=True)
class Product(Feature):
    """``left`` · ``right`` ÷ ``per``, rounded down."""

    left: Measure
    right: Measure
    per: int = 1
    form: ClassVar[str] = "{left}_times_{right}"
    sentence: ClassVar[str] = "{left} · {right} ÷ {per}"


@dataclass(frozen=True, slots=True)
class Weighted(Feature):
    """The sum of ``parts``, each times its weight, and of ``plus``."""

    parts: tuple[Measure, ...]
    weights: tuple[int, ...]
    plus: int = 0
    form: ClassVar[str] = "{parts}_weighted"
    sentence: ClassVar[str] = "Sum of {parts}, weighted by {weights}, plus {plus}"


@dataclass(frozen=True, slots=True)
class Points(Feature):
    """The points of the band in which a value lies, as on a clinical chart.

    Band ``i`` holds the values that lie above ``i`` of the ``edges``; an edge belongs to the band
    below it. There is one band more than edges. A missing value gets ``missing``, or stays so.
    """

    of: Measure
    edges: tuple[int, ...]
    points: tuple[int, ...]
    missing: int | None = None
    form: ClassVar[str] = "{of}_points"
    sentence: ClassVar[str] = "Points {points} for {of}, between {edges}"


@dataclass(frozen=True, slots=True)
class Total(Feature):
    """The sum of those parts that are there."""

    parts: tuple[Measure, ...]
    form: ClassVar[str] = "{parts}_total"
    sentence: ClassVar[str] = "Sum of {parts}"


@dataclass(frozen=True, slots=True)
class Highest(Feature):
    """The highest of those parts that are there."""

    parts: tuple[Measure, ...]
    form: ClassVar[str] = "{parts}_highest"
    sentence: ClassVar[str] = "Highest of {parts}"


@dataclass(frozen=True, slots=True)
class Where(Feature):
    """``then`` where ``when`` is above 0, else ``otherwise``; so too where ``when`` is missing."""

    when: Measure
    then: Measure
    otherwise: Measure
    form: ClassVar[str] = "{then}_where_{when}"
    sentence: ClassVar[str] = "{then} where {when} is above 0, else {otherwise}"


@dataclass(frozen=True, slots=True)
class Without(Feature):
    """``column``, but missing where ``when`` is above 0."""

    column: Measure
    when: Measure
    form: ClassVar[str] = "{column}_without_{when}"
    sentence: ClassVar[str] = "{column}, left out where {when} is above 0"


@dataclass(frozen=True, slots=True)
class FirstOf(Feature):
    """The first of some parts that is not missing."""

    parts: tuple[Measure, ...]
    form: ClassVar[str] = "{parts}_first"
    sentence: ClassVar[str] = "The first of {parts} that is there"
