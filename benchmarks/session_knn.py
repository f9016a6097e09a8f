"""Vector session kNN as it is usually written: plain Python, sets and dicts.

The method of Ludewig and Jannach (User Modeling and User-Adapted Interaction 28, 2018): the most
recent sessions that share an item with this one, compared by its items with weights that fall
with their age; the neighbours' items are scored by similarity and inverse frequency.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from heapq import nlargest


class SessionKNN:
    """Recommends the items of similar recent sessions.

    Parameters
    ----------
    recent
        Sessions that are compared.
    neighbours
        Of these, the most similar ones count.
    items
        How many are recommended.
    """

    def __init__(self, recent: int = 500, neighbours: int = 100, items: int = 20) -> None:
        self.recent, self.neighbours, self.items = recent, neighbours, items
        self.sessions: dict[str, list[str]] = defaultdict(list)
        self.sessions_of: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=recent))
        self.count: Counter[str] = Counter()

    def recommend(self, session: str) -> list[str]:
        """Return the items of similar sessions, best first."""
        own = self.sessions[session]
        if not own:
            return []
        weight = {item: (place + 1) / len(own) for place, item in enumerate(own)}
        candidates: dict[str, None] = {}
        for item in reversed(own):
            candidates.update(dict.fromkeys(reversed(self.sessions_of[item])))
            if len(candidates) >= self.recent:
                break
        similar: dict[str, float] = {}
        for other in list(candidates)[: self.recent]:
            if other != session:
                shared = sum(weight.get(item, 0.0) for item in set(self.sessions[other]))
                similar[other] = shared / math.sqrt(len(weight) * len(self.sessions[other]))
        scores: dict[str, float] = defaultdict(float)
        known = len(self.sessions)
        for other in nlargest(self.neighbours, similar, key=similar.__getitem__):
            for item in set(self.sessions[other]):
                scores[item] += similar[other] * (1 + math.log(known / self.count[item]))
        return nlargest(self.items, scores, key=scores.__getitem__)

    def learn(self, session: str, item: str) -> None:
        """Add an item to its session."""
        if item not in self.sessions[session]:
            self.sessions_of[item].append(session)
            self.count[item] += 1
        self.sessions[session].append(item)
