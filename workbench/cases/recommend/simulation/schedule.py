"""What happens when: seasons, fashions, strikes of suppliers, the stock feed's failures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Span = tuple[float, float]
"""Begin and end as fractions of the stream's days; both are rounded to whole days."""


def days_of(span: Span, days: int) -> tuple[int, int]:
    """Return the first day of a span and the day after its last; at least one day.

    Examples
    --------
    >>> days_of((0.25, 0.5), 60), days_of((0.25, 0.26), 2)
    ((15, 30), (1, 2))
    """
    first = int(span[0] * days + 0.5)
    return first, max(int(span[1] * days + 0.5), first + 1)


@dataclass(frozen=True, slots=True)
class Season:
    """A time of the year in which a department is asked for, and before and after which not.

    Parameters
    ----------
    department
        Name of the department, see ``assortment.DEPARTMENTS``.
    span
        When it begins and ends. Demand rises over the first four fifths and then falls.
    peak
        Demand at its height, relative to a department without seasons; outside it is
        :data:`OFF_SEASON`.
    """

    department: str
    span: Span
    peak: float


@dataclass(frozen=True, slots=True)
class Fashion:
    """A time in which one style is asked for in every department.

    Parameters
    ----------
    place
        Which style it is: its place in an order of the styles that the seed decides.
    span
        When it begins and ends. It is at its height after a tenth of that and then fades.
    peak
        Demand at its height, relative to other styles.
    """

    place: int
    span: Span
    peak: float


OFF_SEASON = 0.35

SEASONS = (
    Season("winter warmers", (-0.4, 0.30), 2.0),
    Season("spring decoration", (0.10, 0.65), 3.5),
    Season("garden", (0.35, 1.15), 3.0),
)
FASHIONS = (
    Fashion(0, (0.15, 0.40), 5.0),
    Fashion(1, (0.42, 0.60), 6.0),
    Fashion(2, (0.68, 0.95), 5.0),
)
STRIKE = ("candles", (0.45, 0.75))
"""The department whose supplier delivers nothing for a while, and when."""
OUTAGES = (0.35, 0.80)
"""Days on which the stock feed stands still from 08:00 to 20:00, as fractions."""
OUTAGE_HOURS = (8, 20)


def season_factor(season: Season, day: int, days: int) -> float:
    """Return the demand for a season's department on a day, relative to no season.

    Examples
    --------
    >>> spring = SEASONS[1]
    >>> [round(season_factor(spring, day, 60), 2) for day in (0, 20, 32, 38, 50)]
    [0.35, 2.02, 3.45, 0.83, 0.35]
    """
    first, end = (fraction * days for fraction in season.span)
    top = first + 0.8 * (end - first)
    inside = (day - first) / (top - first) if day < top else (end - day) / (end - top)
    return OFF_SEASON + (season.peak - OFF_SEASON) * min(max(inside, 0.0), 1.0)


def fashion_factor(fashion: Fashion, day: int, days: int) -> float:
    """Return the demand for a fashion's style on a day, relative to other styles.

    Examples
    --------
    >>> [round(fashion_factor(FASHIONS[0], day, 60), 2) for day in (8, 9, 11, 17, 23, 24)]
    [1.0, 2.33, 4.7, 2.93, 1.15, 1.0]
    """
    first, end = days_of(fashion.span, days)
    if not first <= day < end:
        return 1.0
    # Half a day on, so that a fashion is felt on its first day and ends with its last.
    passed = (day + 0.5 - first) / (end - first)
    return 1.0 + (fashion.peak - 1.0) * (passed / 0.1 if passed < 0.1 else (1.0 - passed) / 0.9)


def is_outage(day: int, days: int) -> bool:
    """Return whether the stock feed fails on a day."""
    return day in {int(fraction * days + 0.5) for fraction in OUTAGES}


def on_strike(day: int, days: int) -> bool:
    """Return whether the supplier of :data:`STRIKE` delivers nothing on a day."""
    first, end = days_of(STRIKE[1], days)
    return first <= day < end


def ground_truth(
    start: datetime, days: int, styles: list[str], launches: dict[int, int]
) -> dict[str, Any]:
    """Return what changes in a stream as ``truth.json`` keeps it.

    Parameters
    ----------
    start, days
        Of the stream.
    styles
        Names of the styles of :data:`FASHIONS`, in their order.
    launches
        Day to the number of articles that are offered from then on.

    Returns
    -------
    dict
        ``drift``: changes within the stream in time order (``time`` in RFC 3339, ``what``);
        ``seasons``, ``fashions`` and ``strikes``: what, ``from`` and ``until`` (exclusive);
        ``outages`` of the stock feed: ``from`` and ``until``; ``launches``: ``time`` and
        ``articles``.

    Examples
    --------
    >>> truth = ground_truth(datetime(2025, 3, 3, tzinfo=UTC), 60, ["a", "b", "c"], {3: 10})
    >>> truth["drift"][0]
    {'time': '2025-03-06T00:00:00Z', 'what': '10 articles are launched'}
    >>> truth["fashions"][0]
    {'style': 'a', 'from': '2025-03-12T00:00:00Z', 'until': '2025-03-27T00:00:00Z'}
    """

    def moment(day: int, hour: int = 0) -> str:
        time = start + timedelta(days=day, hours=hour)
        return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def spell(span: tuple[int, int]) -> dict[str, str]:
        return {"from": moment(max(span[0], 0)), "until": moment(min(span[1], days))}

    changes = [(day, f"{count} articles are launched") for day, count in launches.items()]
    spans = [
        *((f"the season of {s.department}", days_of(s.span, days)) for s in SEASONS),
        *((f"the fashion of {styles[f.place]}", days_of(f.span, days)) for f in FASHIONS),
        (f"a strike at the supplier of {STRIKE[0]}", days_of(STRIKE[1], days)),
    ]
    for what, (first, end) in spans:
        changes += [(first, f"{what} begins"), (end, f"{what} ends")]
    outages = sorted({int(fraction * days + 0.5) for fraction in OUTAGES})
    begin, until = OUTAGE_HOURS
    changes += [(day, f"the stock feed fails from {begin:02}:00 to {until}:00") for day in outages]
    return {
        "drift": [
            {"time": moment(day), "what": what} for day, what in sorted(changes) if 0 < day < days
        ],
        "seasons": [{"department": s.department, **spell(days_of(s.span, days))} for s in SEASONS],
        "fashions": [{"style": styles[f.place], **spell(days_of(f.span, days))} for f in FASHIONS],
        "strikes": [{"department": STRIKE[0], **spell(days_of(STRIKE[1], days))}],
        "outages": [
            {"from": moment(day, begin), "until": moment(day, until)}
            for day in outages
            if day < days
        ],
        "launches": [
            {"time": moment(day), "articles": count} for day, count in sorted(launches.items())
        ],
    }
