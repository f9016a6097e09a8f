"""What an engine is made of: its generators with their settings, and whether it re-ranks."""

from __future__ import annotations

from typing import NamedTuple


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
        The most popular ones with half-lives of ``half_life_short``, ``half_life`` and for ever.
    arrivals
        The newest items, newest first.
    similar
        The most probable ones by the embedding.
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
    basket: int = 40
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
    transition_items: int = 4
    transition_decay: float = 0.4
    transition_gap: int = 10
    context: int = 40
    basket_items: int = 32
    basket_ridge: float = 1.1
    basket_floor: float = 2.0
    basket_damping: float = 0.7
    cosine_damping: float = 0.5
    pair_window: int = 64
    pair_decay: float = 0.3
    history_items: int = 20
    numbered_items: int = 20
    neighbour_reach: int = 2
    longest_session: int = 1024
    embedding_items: int = 40
    embedding_past: int = 20
    embedding_rate: float = 0.1
    drawn: int = 48
    learning_rate: float = 0.1
    seed: int = 0
