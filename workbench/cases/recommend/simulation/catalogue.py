"""What the shop sells: articles in families of variants, in departments, in styles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.cases.recommend.simulation.assortment import (
    COLOURS,
    DEPARTMENTS,
    SIZES,
    STYLES,
    department_number,
)
from workbench.cases.recommend.simulation.draws import Ints, Reals, generator, weighted

if TYPE_CHECKING:
    from collections.abc import Sequence

PART = 0
FAMILIES = 200
"""Families at scale 1 on the first day; three articles each in the mean."""
LAUNCHES, LIFETIME = 0.012, 80.0
"""Share of the families that is launched a week; weeks for which one is offered in the mean."""
CLEARANCE = 21
"""Days from the last order of an article until it is no longer offered."""
COMPLEMENTS = 6
FIRST_NUMBER = 20_000
WEEK, THURSDAY = 7, 3


_CHANCE_OF_VARIANT = 0.4
_MOST_VARIANTS = 6
_GAP = 0.35
_LOTS = (6, 12, 24)
_RANK = 0.6 ** np.arange(COMPLEMENTS)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every article that is offered at some time of the stream; fixed from the beginning.

    Articles are sorted by department and family, so that those of each lie side by side; the
    variants of a family have article numbers in sequence. Numbers rise with the launch.

    Parameters
    ----------
    number, family, department, style, colour
        By article; all but the first are positions.
    launched, ends
        By article: its first day (0 for what was there before), and the day of which on no more
        is ordered; it is offered for :data:`CLEARANCE` days more.
    price, lot
        By article: minor units for one piece, and how many pieces an order is a multiple of.
    appeal
        By article: log of its popularity, before anything moves it.
    dearness
        By article: log of its price relative to its department's median.
    first, last
        By family: its first article, and the one after its last.
    begins
        By department: its first article, and at the end the number of articles.
    beside
        Families that go with a family, the best first, shape (families, 6). What goes with what
        has a direction.
    size
        By family: place in :data:`SIZES`, or a higher number.
    noun
        By family: place among the nouns of its department.
    """

    number: Ints
    family: Ints
    department: Ints
    style: Ints
    colour: Ints
    launched: Ints
    ends: Ints
    price: Ints
    lot: Ints
    appeal: Reals
    dearness: Reals
    first: Ints
    last: Ints
    begins: Ints
    beside: Ints
    size: Ints
    noun: Ints

    @property
    def articles(self) -> int:
        """Number of articles."""
        return self.number.size

    def offered(self, day: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return which articles the shop shows on a day."""
        return (self.launched <= day) & (day < self.ends + CLEARANCE)

    def titles(self) -> list[str]:
        """Return what each article is called."""
        return [
            _title(int(d), int(s), int(c), int(self.size[f]), int(self.noun[f]))
            for f, d, s, c in zip(
                self.family, self.department, self.style, self.colour, strict=True
            )
        ]

    def launches(self) -> dict[int, int]:
        """Return how many articles are launched on which day."""
        days, counts = np.unique(self.launched[self.launched > 0], return_counts=True)
        return dict(zip(days.tolist(), counts.tolist(), strict=True))


def _title(department: int, style: int, colour: int, size: int, noun: int) -> str:
    small = SIZES[size] if size < len(SIZES) else f"series {size}"
    words = (small, STYLES[style], DEPARTMENTS[department].nouns[noun], COLOURS[colour])
    return " ".join(word for word in words if word)


def stock_up(seed: int, scale: float, days: int, weekday: int) -> Catalogue:
    """Draw the articles of a stream.

    Parameters
    ----------
    seed
        Of the stream.
    scale
        The number of families grows with its square root.
    days
        Length of the stream.
    weekday
        Of its first day, 0 for Monday; articles are launched on Thursdays.

    Examples
    --------
    >>> shop = stock_up(seed=0, scale=1.0, days=60, weekday=0)
    >>> shop.first.size, shop.articles, sorted(shop.launches())
    (224, 662, [3, 17, 24, 31, 38, 45, 52, 59])
    >>> shop.titles()[0], int(shop.number[0])
    ('polka dot plate ivory', 20037)
    """
    rng = generator(seed, PART)
    initial = max(20, round(FAMILIES * np.sqrt(scale)))
    thursdays = np.arange((THURSDAY - weekday) % WEEK or WEEK, days, WEEK)
    launched = np.repeat(thursdays, rng.poisson(LAUNCHES * initial, thursdays.size))
    launched = np.concatenate([np.zeros(initial, np.int64), launched])
    ends = launched + 1 + rng.exponential(LIFETIME * WEEK, launched.size).astype(np.int64)
    department, noun, style, size = _kinds(launched.size, rng)
    variants = 1 + rng.binomial(_MOST_VARIANTS - 1, _CHANCE_OF_VARIANT, launched.size)
    gaps = rng.geometric(_GAP, launched.size)
    number = FIRST_NUMBER + np.cumsum(variants + gaps) - variants
    order = np.argsort(department, kind="stable")
    columns = (launched, ends, department, noun, style, size, variants, number)
    launched, ends, department, noun, style, size, variants, number = (c[order] for c in columns)

    last = np.cumsum(variants)
    first = last - variants
    family = np.repeat(np.arange(variants.size), variants)
    place = np.arange(family.size) - first[family]
    median = np.array([d.price for d in DEPARTMENTS])[department]
    price = _friendly(median * rng.lognormal(0.0, 0.45, variants.size))
    colours = rng.permuted(np.tile(np.arange(len(COLOURS)), (variants.size, 1)), axis=1)
    appeal = rng.normal(0.0, 1.0, variants.size)[family] + rng.normal(0.0, 0.5, family.size)
    return Catalogue(
        number=number[family] + place,
        family=family,
        department=department[family],
        style=style[family],
        colour=colours[family, place],
        launched=launched[family],
        ends=ends[family],
        price=price[family],
        lot=np.array(_LOTS)[rng.integers(len(_LOTS), size=variants.size)][family],
        appeal=appeal,
        dearness=np.log(price / median)[family],
        first=first,
        last=last,
        begins=np.searchsorted(department[family], np.arange(len(DEPARTMENTS) + 1)),
        beside=_complements(department, np.exp(appeal[first]), rng),
        size=size,
        noun=noun,
    )


def _kinds(families: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints, Ints]:
    """Draw department, noun, style and size of each family, no combination twice."""
    nouns = len(DEPARTMENTS[0].nouns)
    kinds = len(DEPARTMENTS) * nouns * len(STYLES)
    rounds = -(-families // kinds)
    drawn = np.concatenate([rng.permutation(kinds) for _ in range(rounds)])[:families]
    department, rest = np.divmod(drawn, nouns * len(STYLES))
    noun, style = np.divmod(rest, len(STYLES))
    return department, noun, style, np.arange(families) // kinds


def _complements(department: Ints, weight: Reals, rng: np.random.Generator) -> Ints:
    """Draw the families that go with each: half of them in the departments beside its own."""
    beside = np.empty((department.size, COMPLEMENTS), np.int64)
    for d, about in enumerate(DEPARTMENTS):
        here = np.flatnonzero(department == d)
        names = (*about.beside, about.name)
        for rank in range(COMPLEMENTS):
            there = _there(department, department_number(names[rank % len(names)]))
            beside[here, rank] = there[weighted(weight[there], here.size, rng)]
    return beside


def _there(department: Ints, wanted: int) -> Ints:
    found = np.flatnonzero(department == wanted)
    # In a tiny shop a department may be empty; then anything goes with anything.
    return found if found.size else np.arange(department.size)


def _friendly(price: Reals) -> Ints:
    """Round prices as shops do, to 5 below a half or a whole."""
    return np.maximum(np.rint(price / 50).astype(np.int64) * 50 - 5, 45)


def complement_ranks(draws: Reals) -> Ints:
    """Turn uniform draws into places among a family's complements; the first is the likeliest.

    Examples
    --------
    >>> complement_ranks(np.array([0.0, 0.5, 0.99])).tolist()
    [0, 1, 5]
    """
    running = np.cumsum(_RANK) / _RANK.sum()
    return np.minimum(np.searchsorted(running, draws, side="right"), COMPLEMENTS - 1)


def styles_in_fashion(seed: int, count: int) -> Sequence[int]:
    """Return which styles come into fashion in a stream, in their order."""
    found: list[int] = generator(seed, PART, 1).permutation(len(STYLES))[:count].tolist()
    return found
