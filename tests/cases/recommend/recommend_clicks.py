"""Interactions for the tests of recommenders, and recommendations written out in plain Python."""

from collections import Counter, defaultdict

import numpy as np

from workbench.detectors.recommender import NONE, PURCHASE, STOCK, VIEW, WORDS, Interactions


def clicks(session, item, visitor=None, kind=None, on_hand=None, number=None, words=None, price=-1):
    """Return interactions, one a minute; what is not given is unknown."""
    n = len(item)
    kind = np.full(n, VIEW) if kind is None else np.asarray(kind)
    told = np.full((n, WORDS), NONE, np.int32)
    if words is not None:
        told[:, : np.shape(words)[1]] = words

    def column(values, kind):
        return np.full(n, NONE, kind) if values is None else np.asarray(values, kind)

    return Interactions(
        time=(np.arange(n, dtype=np.int64) + 1) * 60_000_000,
        session=column(np.where(kind == STOCK, NONE, session), np.int32),
        visitor=column(visitor, np.int32),
        item=column(item, np.int32),
        kind=kind.astype(np.int8),
        quantity=column(None, np.int64),
        price=np.full(n, price, np.int64),
        on_hand=column(on_hand, np.int64),
        number=column(number, np.int64),
        words=told,
    )


def a_shop(n=600, items=40, sessions=70, seed=0):
    """Return interleaved sessions that walk about a small catalogue; some visitors come back."""
    rng = np.random.default_rng(seed)
    begin = np.sort(rng.integers(0, sessions, n))
    session = np.clip(begin + rng.integers(-1, 2, n), 0, sessions - 1)
    item = (session * 5 + rng.integers(0, 6, n) ** 2 + rng.integers(0, 3, n)) % items
    return clicks(
        session,
        item,
        visitor=np.where(session % 4 == 0, NONE, session % 9),
        kind=np.where(rng.random(n) < 0.2, PURCHASE, VIEW),
        number=np.where(item % 5 == 4, NONE, 1000 + 7 * item),
        words=np.stack([item % 7, 7 + item // 9], axis=1),
    )


class Past:
    """What happened before an event, as plain lists and dicts."""

    def __init__(self):
        self.count = Counter()
        self.steps = defaultdict(list)
        self.visits = defaultdict(list)
        self.follows = defaultdict(Counter)
        self.together = defaultdict(Counter)
        self.number, self.words, self.when = {}, {}, defaultdict(list)
        self.order = []

    def session(self, code):
        """Return a session's different items, latest first."""
        return list(dict.fromkeys(reversed(self.steps[code])))

    def earlier(self, visitor, session):
        """Return the different items of a visitor's earlier sessions, latest first."""
        if visitor < 0:
            return []
        met = [item for other, item in reversed(self.visits[visitor]) if other != session]
        return list(dict.fromkeys(i for i in met if i not in self.steps[session]))

    def learn(self, events, e):
        """Add an event."""
        item, session = int(events.item[e]), int(events.session[e])
        steps = self.steps[session]
        for back, before in enumerate(reversed(steps[-10:])):
            self.follows[before][item] += 1 / (back + 1)
        if item not in steps:
            different = list(dict.fromkeys(steps))
            weight = (1 + len(different)) ** -0.3
            for other in different[-64:]:
                self.together[item][other] += weight
                self.together[other][item] += weight
        steps.append(item)
        if events.visitor[e] >= 0:
            self.visits[int(events.visitor[e])].append((session, item))
        self.count[item] += 1
        self.when[item].append(len(self.order))
        self.order.append(item)
        self.number[item] = int(events.number[e])
        self.words[item] = [w for w in events.words[e].tolist() if w != NONE]
