"""What every word of the vocabulary means, written plainly: lists, loops, and no cleverness.

Each function answers one declaration for one event by looking through the whole past again.
``None`` is missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import wraps
from itertools import takewhile
from statistics import fmean, median, stdev

from workbench.durations import DAY, HOUR, SECOND, microseconds
from workbench.features import derived as d
from workbench.features import measured as m
from workbench.features import vocabulary as v


def once(function):
    """Remember answers; the same question is asked for many words."""

    @wraps(function)
    def answer(world, *question):
        key = (function, *question)
        if key not in world.answers:
            world.answers[key] = function(world, *question)
        return world.answers[key]

    return answer


@dataclass
class Event:
    """``late`` events are scored with the state of the moment and kept out of it."""

    time: int
    keys: dict[str, str | None]
    values: dict[str, int | None]
    late: bool = False


@dataclass
class Label:
    """The label of an event (by its place); ``at`` is the first event that may see it."""

    event: int
    value: int
    known: int
    at: int


@dataclass
class World:
    """A stream, its labels in the order of their delivery, and when entities are forgotten."""

    events: list[Event]
    labels: list[Label]
    forget_after: int
    answers: dict = field(default_factory=dict)

    @once
    def now(self, i):
        """The time of the latest event that has come, be it this one."""
        return max([self.events[i].time] + [e.time for e in self.events[:i] if not e.late])

    @once
    def past(self, i, by, key=None):
        """The entity's earlier events in order, from where it was last forgotten."""
        key = self.events[i].keys[by] if key is None else key
        past, later = [], self.now(i)
        for j in reversed(range(i)):
            event = self.events[j]
            if event.late or event.keys[by] != key:
                continue
            if later - event.time > self.forget_after:
                break
            past.append(j)
            later = event.time
        return past[::-1]

    @once
    def within(self, i, by, window):
        begin = self.now(i) - microseconds(window)
        return [j for j in self.past(i, by) if self.events[j].time > begin]

    def delivered(self, i):
        return [label for label in self.labels if label.at <= i]

    @once
    def known(self, i, by):
        """The labels of the entity's events, in the order of their delivery."""
        past = self.past(i, by)
        return [label for label in self.delivered(i) if label.event in past]

    def value(self, i, column):
        if isinstance(column, v.Feature):
            return whole(self, i, column)
        return self.events[i].values[column]

    def so_far(self, i, by):
        """The entity's events up to this one, in order."""
        return [*self.past(i, by), i]

    def values(self, events, column):
        found = [self.value(j, column) for j in events]
        return [x for x in found if x is not None]

    def day(self, i):
        return self.events[i].time // DAY


def answer(world, i, feature):
    """The feature's value for the event at place ``i``."""
    by = feature.ratio.by if isinstance(feature, v.HighestPast) else getattr(feature, "by", None)
    if by is not None and world.events[i].keys[by] is None:
        return None
    return WORDS[type(feature)](world, i, feature)


# -- the event itself -------------------------------------------------------------------------


@once
def whole(world, i, f):
    """The value of a feature that stands in place of a column."""
    return answer(world, i, f)


def value(world, i, f):
    return world.value(i, f.column)


def weekend(world, i, f):
    # 1970-01-03 was a Saturday.
    return int((world.day(i) - 2) % 7 < 2)


def hour(world, i, f):
    return world.events[i].time % DAY // HOUR


def night(world, i, f):
    return int(hour(world, i, f) <= f.until)


# -- windows ----------------------------------------------------------------------------------


def count(world, i, f):
    return len(world.within(i, f.by, f.window)) + 1


def total(world, i, f):
    return sum(world.values([*world.within(i, f.by, f.window), i], f.column))


def mean(world, i, f):
    found = world.values([*world.within(i, f.by, f.window), i], f.column)
    return fmean(found) if found else None


def deviation(world, i, f):
    found = world.values([*world.within(i, f.by, f.window), i], f.column)
    return stdev(found) if len(found) > 1 else None


def largest(world, i, f):
    return max(world.values([*world.within(i, f.by, f.window), i], f.column), default=None)


def ratio(world, i, f):
    own, past = world.value(i, f.column), world.values(world.within(i, f.by, f.window), f.column)
    if own is None or not past or fmean(past) <= 0:
        return None
    return own / fmean(past)


def zscore(world, i, f):
    own, past = world.value(i, f.column), world.values(world.within(i, f.by, f.window), f.column)
    if own is None or len(past) < 2 or stdev(past) == 0:
        return None
    return float(own - Fraction(sum(past), len(past))) / stdev(past)


def distinct(world, i, f):
    met = {world.events[j].keys[f.column] for j in [*world.within(i, f.by, f.window), i]}
    return len(met - {None})


def new(world, i, f):
    own = world.events[i].keys[f.column]
    if own is None:
        return None
    met = [world.events[j].keys[f.column] for j in world.within(i, f.by, f.window)]
    return int(own not in met)


def since_last(world, i, f):
    past = world.past(i, f.by)
    return (world.now(i) - world.events[past[-1]].time) / DAY if past else None


# -- measured now and then --------------------------------------------------------------------


def since_measured(world, i, f):
    at = [j for j in world.so_far(i, f.by) if world.value(j, f.column) is not None]
    if not at:
        return None
    return 0 if at[-1] == i else (world.now(i) - world.events[at[-1]].time) / HOUR


def measured(world, i, f):
    return len(world.values([*world.within(i, f.by, f.window), i], f.column))


def distinct_measured(world, i, f):
    return sum(bool(world.values(world.so_far(i, f.by), c)) for c in f.columns)


def smallest(world, i, f):
    return min(world.values([*world.within(i, f.by, f.window), i], f.column), default=None)


def slope(world, i, f):
    events = [*world.within(i, f.by, f.window), i]
    events = [j for j in events if world.value(j, f.column) is not None]
    seconds = [(world.now(i) if j == i else world.events[j].time) // SECOND for j in events]
    if len(events) < 3 or len(set(seconds)) == 1:
        return None
    hours, found = [Fraction(t, 3600) for t in seconds], world.values(events, f.column)
    middle = sum(hours) / len(hours)
    apart = [t - middle for t in hours]
    return float(sum(t * x for t, x in zip(apart, found, strict=True)) / sum(t * t for t in apart))


def change(world, i, f):
    now = world.values(world.so_far(i, f.by), f.column)
    inside = world.within(i, f.by, f.window)
    before = [j for j in world.past(i, f.by) if j not in inside]
    then = world.values(before, f.column)
    return now[-1] - then[-1] if then else None


def from_baseline(world, i, f):
    past, span, parts = world.past(i, f.by), microseconds(f.span), {}
    for j in past:
        part = (world.events[j].time - world.events[past[0]].time) * 24 // span
        if part < 24 and world.value(j, f.column) is not None:
            parts.setdefault(part, world.value(j, f.column))
    now = world.values(world.so_far(i, f.by), f.column)
    return now[-1] - median(parts.values()) if parts else None


# -- derived whole numbers --------------------------------------------------------------------


def last(world, i, f):
    found = world.values(world.so_far(i, f.by), f.column)
    return found[-1] if found else None


def previous(world, i, f):
    found = world.values(world.so_far(i, f.by), f.column)
    return found[-2] if len(found) > 1 else None


def repeated(world, i, f):
    found = world.values(world.so_far(i, f.by), f.column)[::-1]
    return len(list(takewhile(lambda x: x == found[0], found)))


def times_measured(world, i, f):
    return len(world.values(world.so_far(i, f.by), f.column))


def since_first(world, i, f):
    past = world.past(i, f.by)
    return (world.now(i) - world.events[past[0]].time) // HOUR if past else 0


@once
def steady(world, i, f):
    now, x = world.now(i), world.value(i, f.column)
    if x is None:
        return None
    last = at = jumped = since = None
    for j in [*world.past(i, f.by), i]:
        time, value = now if j == i else world.events[j].time, world.value(j, f.column)
        if value is None:
            continue
        if last is None or abs(value - last) <= f.jump or time - at >= microseconds(f.patience):
            last, at, jumped = value, time, None
        elif jumped is None or abs(value - jumped) > f.agree:
            jumped, since = value, time
        elif time - since >= microseconds(f.hold):
            last, at, jumped = value, time, None
    return x if jumped is None else None


def present(world, i, f):
    return len([c for c in f.columns if world.value(i, c) is not None])


def quotient(world, i, f):
    over, under = world.value(i, f.over), world.value(i, f.under)
    return None if over is None or not under else math.floor(Fraction(over * f.times, under))


def product(world, i, f):
    left, right = world.value(i, f.left), world.value(i, f.right)
    return None if left is None or right is None else math.floor(Fraction(left * right, f.per))


def weighted(world, i, f):
    parts = [world.value(i, part) for part in f.parts]
    if None in parts:
        return None
    return sum(x * weight for x, weight in zip(parts, f.weights, strict=True)) + f.plus


def points(world, i, f):
    x = world.value(i, f.of)
    return f.missing if x is None else f.points[len([edge for edge in f.edges if edge < x])]


def there(world, i, f):
    return [x for part in f.parts if (x := world.value(i, part)) is not None]


def sum_of(world, i, f):
    found = there(world, i, f)
    return sum(found) if found else None


def highest_of(world, i, f):
    return max(there(world, i, f), default=None)


def first_of(world, i, f):
    return next(iter(there(world, i, f)), None)


def without(world, i, f):
    when = world.value(i, f.when)
    return None if when is not None and when > 0 else world.value(i, f.column)


def where(world, i, f):
    when = world.value(i, f.when)
    return world.value(i, f.then if when is not None and when > 0 else f.otherwise)


# -- known labels -----------------------------------------------------------------------------


def known_within(world, i, f):
    begin = world.now(i) - microseconds(f.window)
    return [label.value for label in world.known(i, f.by) if label.known > begin]


def known_count(world, i, f):
    return known_within(world, i, f).count(f.label)


def known_rate(world, i, f):
    found = known_within(world, i, f)
    return fmean(found) if found else 0


def last_labels(world, i, f):
    found = [label.value for label in world.known(i, f.by)][-f.last :]
    return fmean(found) if found else None


def since_label(world, i, f):
    days = [world.day(label.event) for label in world.known(i, f.by) if label.value == f.label]
    return world.now(i) // DAY - max(days) if days else None


# -- habits -----------------------------------------------------------------------------------


@once
def robust_mean(world, i, f):
    def ordinary(events):
        kept = [(j, robust_ratio(world, j, f)) for j in events if not world.events[j].late]
        return world.values([j for j, r in kept if r is not None and r <= f.outlier], f.column)

    if world.events[i].keys[f.by] is None:
        return None
    own, everybody = ordinary(world.past(i, f.by)), ordinary(range(i))
    if not everybody:
        return world.value(i, f.column)
    weight = len(own) + f.prior
    return (sum(own) + f.prior * fmean(everybody)) / weight if weight else fmean(everybody)


@once
def robust_ratio(world, i, f):
    own, habit = world.value(i, f.column), robust_mean(world, i, f)
    if own is None or habit is None:
        return None
    return own / habit if habit > 0 else 1


def highest(world, events, labels, ratio):
    """The highest ratio of those events that no label says to be genuine; 0 if none is higher."""
    genuine = {label.event for label in labels if label.value == 0}
    found = [robust_ratio(world, j, ratio) for j in events if j not in genuine]
    return max([0, *(r for r in found if r is not None)])


def highest_past(world, i, f):
    latest = world.past(i, f.ratio.by)[-512:]
    events = [j for j in latest if j in world.within(i, f.ratio.by, f.window)]
    return highest(world, events, world.delivered(i), f.ratio)


# -- runs of known positives ------------------------------------------------------------------


@dataclass
class Run:
    first: int
    gap: int | None
    positives: list[Label]


@once
def run(world, i, by):
    """The run that is open when the event comes."""
    open_run, genuine = None, None
    for label in world.known(i, by):
        day = world.day(label.event)
        if label.value == 0:
            if open_run and day >= open_run.first:
                open_run = None
            genuine = day if genuine is None else max(genuine, day)
            if open_run:
                open_run.gap = open_run.first - genuine
        elif open_run:
            open_run.positives.append(label)
        elif genuine is None or day >= genuine:
            open_run = Run(day, None if genuine is None else day - genuine, [label])
    return open_run


def run_length(world, i, f):
    opened = run(world, i, f.by)
    return len(opened.positives) if opened else 0


def run_age(world, i, f):
    opened = run(world, i, f.by)
    return world.now(i) // DAY - opened.first if opened else None


def run_gap(world, i, f):
    opened = run(world, i, f.by)
    return opened.gap if opened else None


def run_span(world, i, f):
    opened = run(world, i, f.by)
    return run_age(world, i, f) + opened.gap if opened and opened.gap is not None else None


def quiet(world, i, f):
    return None if run(world, i, f.by) else since_label(world, i, v.SinceLabel(f.by, 0))


def run_ratios(world, i, f):
    opened = run(world, i, f.by)
    positives = opened.positives if opened else []
    return [robust_ratio(world, label.event, f.ratio) for label in positives]


def run_lowest(world, i, f):
    return min((r for r in run_ratios(world, i, f) if r is not None), default=None)


def run_only(world, i, f):
    found = run_ratios(world, i, f)
    return found[0] if len(found) == 1 else None


def run_rival(world, i, f):
    opened = run(world, i, f.by)
    if not opened or len(opened.positives) > 1:
        return None
    label = opened.positives[0]
    event, span = world.events[label.event], microseconds(f.within)
    if event.keys[f.ratio.by] is None:
        return None
    past = world.past(label.at, f.ratio.by, event.keys[f.ratio.by])
    if label.event not in past:
        return 0
    begin = world.now(label.at) - span - 31 * DAY
    around = [
        j
        for j in past
        if j != label.event
        and abs(world.events[j].time - event.time) <= span
        and world.events[j].time > begin
    ]
    before = world.labels[: world.labels.index(label)]
    return highest(world, around, before, f.ratio)


WORDS = {
    v.Value: value,
    v.Weekend: weekend,
    v.Night: night,
    v.HourOfDay: hour,
    v.Count: count,
    v.Sum: total,
    v.Mean: mean,
    v.Std: deviation,
    v.Max: largest,
    v.Distinct: distinct,
    v.New: new,
    v.SinceLast: since_last,
    v.Ratio: ratio,
    v.ZScore: zscore,
    m.SinceMeasured: since_measured,
    m.Measured: measured,
    m.DistinctMeasured: distinct_measured,
    m.Min: smallest,
    m.Slope: slope,
    m.Change: change,
    m.FromBaseline: from_baseline,
    d.Last: last,
    d.Previous: previous,
    d.Repeated: repeated,
    d.TimesMeasured: times_measured,
    d.SinceFirst: since_first,
    d.Steady: steady,
    d.Without: without,
    d.Present: present,
    d.Quotient: quotient,
    d.Product: product,
    d.Weighted: weighted,
    d.Points: points,
    d.Total: sum_of,
    d.Highest: highest_of,
    d.Where: where,
    d.FirstOf: first_of,
    v.KnownCount: known_count,
    v.KnownRate: known_rate,
    v.LastLabels: last_labels,
    v.SinceLabel: since_label,
    v.RobustMean: robust_mean,
    v.RobustRatio: robust_ratio,
    v.HighestPast: highest_past,
    v.RunLength: run_length,
    v.RunAge: run_age,
    v.RunGap: run_gap,
    v.RunSpan: run_span,
    v.Quiet: quiet,
    v.RunLowest: run_lowest,
    v.RunOnly: run_only,
    v.RunRival: run_rival,
}


def matrix(world, features):
    """All features of all events; missing is NaN."""
    rows = [[answer(world, i, f) for f in features] for i in range(len(world.events))]
    return [[math.nan if x is None else float(x) for x in row] for row in rows]
