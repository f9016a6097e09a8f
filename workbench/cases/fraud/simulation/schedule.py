"""What happens when: the fraud patterns, their phases, and the drift that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch during which a pattern does not change.

    Parameters
    ----------
    begins
        Where it begins, as a fraction of the stream's days; rounded to a whole day.
    rate
        Incidents a day at scale 1; 0 ends the pattern.
    boldness
        How far the fraud stays from the card's habit: 1 is the pattern's usual way.
    what
        The change in words, as the ground truth tells it.
    """

    begins: float
    rate: float
    boldness: float = 1.0
    what: str = "begins"

    def first_day(self, days: int) -> int:
        """Return the day on which the phase begins in a stream of that many days."""
        return int(self.begins * days + 0.5)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way of committing fraud, when it is used, and how fast it is noticed.

    Parameters
    ----------
    name, description
        As the ground truth calls and explains it.
    median_delay
        Median of the label delay in days.
    phases
        In time order; before the first one the pattern does not occur.
    """

    name: str
    description: str
    median_delay: float
    phases: tuple[Phase, ...]

    def phase(self, day: int, days: int) -> Phase:
        """Return the phase in force on a day; one of rate 0 where the pattern does not occur."""
        running = [p for p in self.phases if p.first_day(days) <= day]
        return running[-1] if running else Phase(0.0, 0.0)

    def span(self, days: int) -> tuple[int, int]:
        """Return the first day of the pattern and the day after its last.

        Examples
        --------
        >>> {pattern.name: pattern.span(60) for pattern in PATTERNS}["card_testing"]
        (15, 51)
        """
        last = self.phases[-1]
        return self.phases[0].first_day(days), last.first_day(days) if last.rate == 0 else days


PATTERNS = (
    Pattern(
        "large_amount",
        "one purchase of a very large amount anywhere in the country",
        4.0,
        (
            Phase(0.0, 3.0),
            Phase(0.70, 0.0, what="stops: issuers ask for a second factor above a limit"),
        ),
    ),
    Pattern(
        "compromised_terminal",
        "for days, a large share of the transactions at a terminal is made with skimmed cards",
        5.0,
        (
            Phase(0.0, 0.3),
            Phase(0.60, 0.6, what="spreads: twice as many terminals are newly compromised"),
        ),
    ),
    Pattern(
        "stolen_card",
        "a stolen card is spent near home, at many times its habit, within hours to days",
        3.5,
        (
            Phase(0.0, 1.1),
            Phase(0.40, 1.5, 0.65, "grows cautious: amounts a third lower, cards a third more"),
        ),
    ),
    Pattern(
        "card_testing",
        "many small amounts within minutes to see whether a card works, then perhaps a large one",
        6.0,
        (Phase(0.25, 0.6), Phase(0.85, 0.0, what="stops: the shops used for it limit attempts")),
    ),
    Pattern(
        "account_takeover",
        "purchases far from home, mostly at night, of moderately raised amounts",
        9.0,
        (Phase(0.50, 1.2), Phase(0.80, 2.4, what="doubles")),
    ),
)
"""The fraud patterns; a pattern's number in tables is its position here plus 1."""

SALE = (0.55, 0.64)
"""A sale among genuine cards, as fractions of the stream's days: drift that is no fraud."""


def number_of(name: str) -> int:
    """Return a pattern's number in tables."""
    return [p.name for p in PATTERNS].index(name) + 1


def sale_days(days: int) -> tuple[int, int]:
    """Return the first day of the sale and the day after its last."""
    return int(SALE[0] * days + 0.5), int(SALE[1] * days + 0.5)


def ground_truth(start: datetime, days: int) -> dict[str, Any]:
    """Return the drift and the patterns of a stream as ``truth.json`` keeps them.

    Returns
    -------
    dict
        ``drift``: changes within the stream in time order (``time`` in RFC 3339, ``what``);
        ``patterns``: ``name``, ``description``, ``from``, ``until`` (exclusive) and
        ``median_label_delay_days`` of each.

    Examples
    --------
    >>> truth = ground_truth(datetime(2025, 3, 3, tzinfo=UTC), 60)
    >>> truth["drift"][0]
    {'time': '2025-03-18T00:00:00Z', 'what': 'card_testing begins'}
    """

    def moment(day: int) -> str:
        return (start + timedelta(days=day)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    first, last = sale_days(days)
    changes = [(first, "a sale begins: genuine cards buy more"), (last, "the sale ends")]
    changes += [
        (phase.first_day(days), f"{pattern.name} {phase.what}")
        for pattern in PATTERNS
        for phase in pattern.phases
    ]
    return {
        "drift": [
            {"time": moment(day), "what": what} for day, what in sorted(changes) if 0 < day < days
        ],
        "patterns": [
            {
                "name": pattern.name,
                "description": pattern.description,
                "from": moment(pattern.span(days)[0]),
                "until": moment(pattern.span(days)[1]),
                "median_label_delay_days": pattern.median_delay,
            }
            for pattern in PATTERNS
        ],
    }
