"""Each generator proposes what its definition in plain Python says, in that order."""

from collections import Counter
from math import log2, sqrt

import numpy as np
import pytest
from recommend_clicks import Past, a_shop, clicks

from workbench.cases.recommend.detectors import DETECTORS
from workbench.detectors.recommender import NONE


def popularity(past, session, visitor):
    return past.count


def decayed(past, session, visitor):
    now = len(past.order)
    return {i: sum(0.5 ** ((now - at) / 50) for at in times) for i, times in past.when.items()}


def sequential(past, session, visitor):
    scores = Counter()
    for k, item in enumerate(past.session(session)[:4]):
        followed = past.follows[item]
        for other, weight in followed.items():
            scores[other] += 0.4**k * weight / sum(followed.values())
    return scores


def cosine(past, rows):
    scores = Counter()
    for row in rows:
        for other, weight in past.together[row].items():
            scores[other] += weight / sqrt((past.count[row] + 1) * (past.count[other] + 1))
    return scores


def together(past, session, visitor):
    return cosine(past, past.session(session))


def history(past, session, visitor):
    return cosine(past, past.earlier(visitor, session)[:20])


def basket(past, session, visitor):
    basket = past.session(session)[:48]
    if not basket:
        return {}
    matrix = np.array([[past.together[i][j] for j in basket] for i in basket], float)
    np.fill_diagonal(matrix, [1.1 * past.count[i] + 2 for i in basket])
    scores = Counter()
    for row, weight in zip(basket, np.linalg.solve(matrix, np.ones(len(basket))), strict=True):
        for other, pairs in past.together[row].items():
            known = 0.2 if other in basket else 1.0
            scores[other] += known * max(weight, 0) * pairs / (past.count[other] + 4) ** 0.7
    return scores


def titles(past, session, visitor):
    basket = past.session(session)
    words = Counter(word for item in basket[:20] for word in past.words[item])
    scores = Counter()
    for other, theirs in past.words.items():
        for word in set(theirs) & set(words):
            items = sum(word in each for each in past.words.values())
            worth = sqrt(words[word]) * log2(1 + len(past.words) / items)
            scores[other] += worth / sqrt(len(theirs) + 1) if other not in basket else 0
    return scores


def session_knn(past, session, visitor):
    basket = past.session(session)[:10]
    alike = Counter()
    for place, item in enumerate(basket):
        for other, steps in past.steps.items():
            if other != session and item in steps:
                alike[other] += (len(basket) - place) / len(basket)
    scores = Counter()
    for other, likeness in alike.items():
        latest = min(past.session(session).index(i) for i in past.steps[other] if i in basket)
        for item in set(past.steps[other]):
            scores[item] += likeness * max(1 - 0.1 * latest, 0.1)
    return scores


SCORED = {
    "popularity": popularity,
    "decayed-popularity": decayed,
    "sequential-rules": sequential,
    "co-occurrence": together,
    "visitor-history": history,
    "basket-regression": basket,
    "titles": titles,
    "session-knn": session_knn,
}
SETTINGS = {"decayed-popularity": {"half_life_short": 50.0}}


def answered(name, events):
    """Yield what came before each event, its session and visitor, and what was recommended."""
    found = DETECTORS[name].make((), **SETTINGS.get(name, {})).process(events)
    past = Past()
    for e, row in enumerate(found.tolist()):
        items = [item for item in row if item != NONE]
        yield past, int(events.session[e]), int(events.visitor[e]), items
        past.learn(events, e)


@pytest.mark.parametrize("name", SCORED)
def test_the_best_by_its_score_come_first(name):
    compared = 0
    for past, session, visitor, items in answered(name, a_shop()):
        scores = {i: s for i, s in SCORED[name](past, session, visitor).items() if s > 1e-9}
        first = items[: min(20, len(scores))]
        shown = [scores.get(item, 0.0) for item in first]
        assert shown == pytest.approx(sorted(scores.values(), reverse=True)[:20], rel=1e-4)
        compared += len(first)
    assert compared > 2_000


def test_items_with_the_next_article_numbers_come_first_the_nearest_first():
    for past, session, _, items in answered("neighbours", a_shop()):
        basket = past.session(session)
        if not basket or past.number[basket[0]] == NONE:
            continue
        numbered = sorted((i for i in past.number if past.number[i] != NONE), key=past.number.get)
        at = numbered.index(basket[0])
        near = [at + d for step in range(1, 21) for d in (step, -step)]
        expected = [numbered[k] for k in near if 0 <= k < len(numbered)][:20]
        assert items[: len(expected)] == expected


def test_what_a_visitor_had_before_comes_first_the_latest_first():
    for past, session, visitor, items in answered("bought-before", a_shop()):
        expected = past.earlier(visitor, session)[:20]
        assert items[: len(expected)] == expected


def test_reminders_are_the_sessions_own_items_the_latest_first():
    for past, session, _, items in answered("reminders", a_shop()):
        expected = past.session(session)[:20]
        assert items[: len(expected)] == expected


def test_the_embedding_learns_what_leads_to_what():
    session, place = np.divmod(np.arange(1_200), 2)
    item = 2 * (session * 7 % 30) + place  # an even item always leads to the odd one after it
    found = DETECTORS["item-embedding"].make(()).process(clicks(session, item))
    late = np.flatnonzero((place == 1) & (session > 450))
    assert np.mean(found[late, 0] == item[late]) > 0.9


def test_where_it_knows_nothing_it_proposes_what_is_popular():
    for past, session, _, items in answered("sequential-rules", a_shop()):
        if not past.steps[session]:
            assert set(items) <= set(past.count)
            assert len(items) == min(20, len(past.count))
