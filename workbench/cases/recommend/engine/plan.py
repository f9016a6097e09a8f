"""What an engine is made of: its generators with their settings, and whether it re-ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROPOSED: Final = 256
"""How many items one generator proposes at most, and how many all of them do."""
LOOKED_AT: Final = 64
"""How many items of a session, or of earlier visits, are looked at at most."""
DIFFERENT: Final = 128
"""How many different items of a session are kept."""

LONGEST_SESSION: Final = 1024
"""Further events of a session are not learned: no visitor clicks so often, but bots do."""


class Plan(NamedTuple):
    """Settings of the engine. A generator that proposes 0 items is switched off.

    Numbers of items that generators propose, the best first where nothing else is said:

    Attributes
    ----------
    items
        How many items are recommended.
    ranks
        Whether proposals are re-ranked; without, they stand as they were proposed.
    transitions
        By what followed the last ``transition_items`` items, each worth ``transition_decay``
        of the one after it.
    together
        By the cosine of co-occurrence with the session's items.
    basket, basket_raw
        By the basket regression, divided by ``count ** basket_damping`` or not.
    history
        By the cosine of co-occurrence with the last ``history_items`` of earlier visits.
    bought
        The visitor's latest items from earlier visits.
    reminders
        The session's own latest items.
    neighbours, far_neighbours
        Items with so many next article numbers on each side of the last item, and of the
        ``numbered_items`` before it.
    neighbour_transitions
        By what followed the ``neighbour_reach`` next article numbers on each side of the last
        two items.
    popular_short, popular, popular_ever
        The most popular ones with half-lives of ``half_life_short`` and ``half_life``
        interactions, and for ever.
    arrivals
        The newest items, newest first.
    similar
        The most probable ones by the embedding.
    titles
        Items whose titles share words with those of the last ``titled_items``.
    nearest
        By the sessions most like this one in the last ``nearest_items`` (vector session kNN).
    half_life_long
        Of the popularity that the others' trend is held against.
    context
        Items of the session that co-occurrence looks at, the latest first.
    basket_items
        Of these, so many enter the regression.
    basket_ridge, basket_floor
        What is added to the regression's diagonal: a share of the count, and a number.
    basket_damping, cosine_damping
        Powers of an item's count that scores are divided by.
    pair_window
        A session's new item is paired with so many different ones before it.
    pair_decay
        A pair in a session of n items counts ``n ** -pair_decay``.
    transition_gap
        Events up to this far apart are a transition, worth 1 / distance.
    embedding_items, embedding_past
        Items of the session and of earlier visits that the embedding's query is made of.
    embedding_rate, drawn
        Its AdaGrad's learning rate, and items that the next one is learned against.
    longest_session
        Further events of a session are not learned: no visitor clicks so often.
    learning_rate
        Of the re-ranker's AdaGrad.
    seed
        Of the embedding's first vectors, and of the items that are drawn for it.
    """

    items: int = 20
    ranks: int = 1
    transitions: int = 40
    together: int = 0
    basket: int = 60
    basket_raw: int = 20
    history: int = 20
    bought: int = 40
    reminders: int = 10
    neighbours: int = 6
    far_neighbours: int = 2
    neighbour_transitions: int = 20
    popular_short: int = 15
    popular: int = 15
    popular_ever: int = 0
    arrivals: int = 5
    similar: int = 40
    titles: int = 20
    nearest: int = 0
    half_life_short: float = 2_000.0
    half_life: float = 10_000.0
    half_life_long: float = 50_000.0
    transition_items: int = 4
    transition_decay: float = 0.4
    transition_gap: int = 10
    context: int = 64
    basket_items: int = 48
    basket_ridge: float = 1.1
    basket_floor: float = 2.0
    basket_damping: float = 0.7
    cosine_damping: float = 0.5
    pair_window: int = 64
    pair_decay: float = 0.3
    history_items: int = 20
    numbered_items: int = 20
    neighbour_reach: int = 2
    titled_items: int = 20
    nearest_items: int = 10
    longest_session: int = LONGEST_SESSION
    embedding_items: int = 40
    embedding_past: int = 20
    embedding_rate: float = 0.1
    drawn: int = 32
    learning_rate: float = 0.1
    seed: int = 0


#: Settings that need room in arrays of a fixed size, and how much there is.
_ROOM: Final = {
    **dict.fromkeys(
        (
            "transitions",
            "together",
            "basket",
            "basket_raw",
            "history",
            "neighbours",
            "far_neighbours",
            "neighbour_transitions",
            "popular_short",
            "popular",
            "popular_ever",
            "arrivals",
            "similar",
            "titles",
            "nearest",
        ),
        PROPOSED,
    ),
    "pair_window": DIFFERENT,
    **dict.fromkeys(
        (
            "bought",
            "reminders",
            "transition_items",
            "transition_gap",
            "context",
            "basket_items",
            "history_items",
            "numbered_items",
            "neighbour_reach",
            "embedding_items",
            "embedding_past",
            "titled_items",
            "nearest_items",
            "drawn",
        ),
        LOOKED_AT,
    ),
}
#: Numbers, and what they may be: from, to.
_RANGES: Final = {
    **dict.fromkeys(("half_life_short", "half_life", "half_life_long"), (1.0, 1e9)),
    **dict.fromkeys(("basket_ridge", "basket_floor"), (1e-6, 1e6)),
    **dict.fromkeys(("basket_damping", "cosine_damping", "pair_decay"), (0.0, 4.0)),
    "transition_decay": (0.0, 1.0),
    **dict.fromkeys(("embedding_rate", "learning_rate"), (1e-6, 10.0)),
}


def checked(plan: Plan) -> Plan:
    """Return a plan whose numbers the compiled code has room for.

    Raises
    ------
    ParameterError
        If one is out of range.

    Examples
    --------
    >>> checked(Plan(context=100))
    Traceback (most recent call last):
    ...
    workbench.errors.ParameterError: context=100 cannot be used: allowed is a whole number from 0
    to 64; the default is 64.
    """
    settings = plan._asdict()
    for name, value in settings.items():
        default = Plan._field_defaults[name]
        if isinstance(default, int) and not isinstance(value, int):
            raise _outside(name, value, "a whole number")
        if name in _ROOM and not 0 <= value <= _ROOM[name]:
            raise _outside(name, value, f"a whole number from 0 to {_ROOM[name]}")
    check_ranges(settings, _RANGES)
    if not 1 <= plan.items <= PROPOSED:
        raise _outside("items", plan.items, f"a whole number from 1 to {PROPOSED}")
    if plan.longest_session < 1:
        raise _outside("longest_session", plan.longest_session, "a whole number from 1")
    # The kernel is compiled for the settings' types.
    return Plan(**{name: type(Plan._field_defaults[name])(v) for name, v in settings.items()})


def check_ranges(settings: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]) -> None:
    """Refuse numbers outside of their ranges, and what is no number; other settings may be any.

    Raises
    ------
    ParameterError
        If one is out of range.

    Examples
    --------
    >>> check_ranges({"lr": float("nan")}, {"lr": (0.0, 1.0)})
    Traceback (most recent call last):
    ...
    workbench.errors.ParameterError: lr=nan cannot be used: allowed is a number from 0 to 1; choose
    one of these.
    """
    for name, (low, high) in ranges.items():
        if name in settings and not low <= settings[name] <= high:
            raise ParameterError.of(
                f"{name}={settings[name]}",
                allowed=f"a number from {low:g} to {high:g}",
                hint="choose one of these",
            )


def half_lives(plan: Plan) -> tuple[float, ...]:
    """Return the half-lives of the counts of popularity; 0 is for ever."""
    return (plan.half_life_short, plan.half_life, plan.half_life_long, 0.0)


def _outside(name: str, value: float, allowed: str) -> ParameterError:
    default = Plan._field_defaults[name]
    return ParameterError.of(f"{name}={value}", allowed=allowed, hint=f"the default is {default}")
