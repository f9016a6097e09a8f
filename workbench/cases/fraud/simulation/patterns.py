"""Fraud by incident: one card is abused, once or several times.

Each pattern is a function that turns the cards of the day's incidents into transactions. The
compromised terminal is fraud of another kind and has its own module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.cases.fraud.simulation.labels import noticed
from workbench.cases.fraud.simulation.schedule import PATTERNS, number_of
from workbench.cases.fraud.simulation.spending import hours, in_limits
from workbench.cases.fraud.simulation.table import (
    DAY,
    HOUR,
    MINUTE,
    Ints,
    Reals,
    Transactions,
    elapsed,
    generator,
    positions,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.cases.fraud.simulation.population import Population

    Incidents = tuple[Ints, Reals, Ints, Reals]
    """Events per incident; then by event: seconds from midnight, terminal, amount."""
    Recipe = Callable[[Population, Ints, float, np.random.Generator], Incidents]

STREAM = 2
_MANY_TIMES = (4.0, 9.0)


def large_amount(
    people: Population, card: Ints, boldness: float, rng: np.random.Generator
) -> Incidents:
    """Spend once what hardly any card spends.

    The oldest pattern and the one that hand rules catch: the amount alone gives it away. Not
    quite: cards of high habit make purchases like it, so a limit that catches all of it
    annoys the best customers.
    """
    sizes = np.ones(card.size, dtype=np.int64)
    amount = boldness * rng.lognormal(np.log(1_000_00), 0.4, card.size)
    time = HOUR * hours(card.size, False, rng)
    return sizes, time, people.anywhere(card.size, rng), amount


def stolen_card(
    people: Population, card: Ints, boldness: float, rng: np.random.Generator
) -> Incidents:
    """Spend a card near home at many times its habit until it is blocked.

    Nothing is unusual about place, hour or amount as such: only the card's own past tells.
    The owner may still use another copy, so genuine purchases lie in between. Once thieves
    grow cautious, the ratio to the habit overlaps with genuine large purchases.
    """
    sizes = 3 + rng.poisson(3.0, card.size)
    each = np.repeat(card, sizes)
    time = np.repeat(HOUR * hours(card.size, False, rng), sizes)
    time += elapsed(rng.exponential(1.5 * HOUR, each.size), sizes)
    factor = boldness * rng.uniform(*_MANY_TIMES, each.size)
    return sizes, time, people.near(people.home[each], rng), people.habit[each] * factor


def card_testing(
    people: Population, card: Ints, boldness: float, rng: np.random.Generator
) -> Incidents:
    """Try a stolen number with small amounts in quick succession, then perhaps a large one.

    Each amount is harmless; only the pace at the card tells, and genuine shopping trips are
    almost as quick. The attempts run at one or two shops anywhere in the country.
    """
    small = 5 + rng.poisson(6.0, card.size)
    sizes = small + (rng.random(card.size) < 0.6)
    each, place = np.repeat(card, sizes), positions(sizes)
    cash = place >= np.repeat(small, sizes)
    pause = np.where(cash, 40.0 * MINUTE, 50.0)
    time = np.repeat(DAY * rng.random(card.size), sizes)
    time += elapsed(rng.exponential(pause), sizes)
    shops = people.anywhere(2 * card.size, rng).reshape(2, -1)
    second = np.repeat(rng.random(card.size) < 0.5, sizes) & (place >= np.repeat(small // 2, sizes))
    terminal = np.where(second, np.repeat(shops[1], sizes), np.repeat(shops[0], sizes))
    terminal = np.where(cash, people.anywhere(each.size, rng), terminal)
    tried = rng.lognormal(np.log(1_80), 0.6, each.size)
    cashed = boldness * people.habit[each] * rng.uniform(4.0, 12.0, each.size)
    return sizes, time, terminal, np.where(cash, cashed, tried)


def account_takeover(
    people: Population, card: Ints, boldness: float, rng: np.random.Generator
) -> Incidents:
    """Use somebody's account far from home, mostly at night, a little above the habit.

    Amounts alone say nothing. Place and hour together tell, against travellers who are also far
    from home (but by day) and night owls (but near home). The owner goes on paying at home.
    """
    sizes = 2 + rng.poisson(2.0, card.size)
    each = np.repeat(card, sizes)
    night = rng.random(card.size) < 0.8
    hour = np.where(night, 5.0 * rng.random(card.size), 24.0 * rng.random(card.size))
    time = np.repeat(HOUR * hour, sizes)
    time += elapsed(rng.exponential(25.0 * MINUTE, each.size), sizes)
    # One far place for the whole incident: the thief does not travel.
    area = people.area[people.far(people.home[card], rng)]
    terminal = people.near(np.repeat(area, sizes), rng)
    return sizes, time, terminal, boldness * people.habit[each] * rng.uniform(1.2, 2.6, each.size)


RECIPES: dict[str, Recipe] = {
    "large_amount": large_amount,
    "stolen_card": stolen_card,
    "card_testing": card_testing,
    "account_takeover": account_takeover,
}


def incidents(
    people: Population, seed: int, scale: float, day: int, days: int, midnight: int
) -> Transactions:
    """Return the transactions of all incidents that begin on a day, in no particular order.

    Some of them lie on later days; none lies after its pattern's end.
    """
    tables = []
    usable = np.flatnonzero(people.issued <= day)
    rng = generator(seed, STREAM, day)
    for name, recipe in RECIPES.items():
        number = number_of(name)
        pattern = PATTERNS[number - 1]
        phase = pattern.phase(day, days)
        card = usable[rng.integers(usable.size, size=rng.poisson(phase.rate * scale))]
        sizes, time, terminal, amount = recipe(people, card, phase.boldness, rng)
        # The victim notices the whole incident at once, so its delays are alike.
        delay = np.repeat(noticed(card.size, pattern.median_delay, rng), sizes)
        table = Transactions(
            time=midnight + time.astype(np.int64),
            card=np.repeat(card, sizes),
            terminal=terminal,
            amount=in_limits(amount),
            pattern=np.full(terminal.size, number, dtype=np.int64),
            delay=delay,
        )
        end = midnight + (pattern.span(days)[1] - day) * DAY
        tables.append(table.take(table.time < end))
    return Transactions.join(tables)
