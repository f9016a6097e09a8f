"""River's own recommenders: learned by River, scored in bulk as River scores."""

import math

import numpy as np
import pytest
from recommend_clicks import a_shop, clicks

from workbench.cases.recommend.detectors import DETECTORS
from workbench.detectors.recommender import NONE, STOCK
from workbench.errors import ParameterError

NAMES = ("biases", "biased-mf", "funk-mf", "factorization-machine")


@pytest.fixture(scope="module", params=NAMES)
def latent(request):
    """One of River's models after some hundred events."""
    made = DETECTORS[request.param].make((), seed=2)
    made.process(a_shop())
    return made


def test_bulk_scores_are_rivers_own(latent):
    users, items = latent._users.size, latent._items.size
    compared = 0
    for user in range(users):  # River draws a vector for whom it does not know
        for last in (NONE, *range(0, items, 5)):
            constant, query = latent.factors.query(user, last)
            scores = constant + latent._bias[:items] + latent._latent[:items] @ query
            theirs = [latent.factors.reference_score(user, last, item) for item in range(items)]
            assert np.abs(scores - theirs).max() < 1e-12
            compared += items
    assert compared > 9_000


def test_the_items_that_river_scores_highest_come_first(latent):
    events = a_shop(seed=1)
    found = latent.recommend(events)
    codes = latent._items.codes()
    for e in range(0, 600, 25):
        user = latent._user(int(events.visitor[e]), int(events.session[e]))
        last = latent._after(int(events.session[e]))
        scores = [latent.factors.reference_score(user, last, slot) for slot in range(len(codes))]
        shown = [scores[codes.tolist().index(code)] for code in found[e].tolist()]
        assert shown == pytest.approx(sorted(scores, reverse=True)[:20], abs=1e-12)


def test_it_learns_what_is_chosen_more_than_what_is_not():
    made = DETECTORS["biases"].make(())
    item = np.where(np.arange(2_000) % 3, np.arange(2_000) % 2, 2 + np.arange(2_000) % 40)
    made.process(clicks(np.arange(2_000) // 4, item))
    assert set(made.recommend(clicks([9_999], [0]))[0, :2].tolist()) == {0, 1}


@pytest.mark.parametrize("name", NAMES)
def test_users_and_items_that_are_forgotten_leave_rivers_tables(name):
    made = DETECTORS[name].make((), most_items=20, most_users=10)
    made.process(a_shop())
    assert made.counts()["items forgotten"] > 0
    assert made.counts()["users forgotten"] > 0
    # A machine of factors keeps an item twice: as what is chosen, and as what was last.
    assert max(len(table) for table in made.factors.tables().values()) <= 2 * 20 + 10
    told = made.released().items.tolist()
    assert told
    assert not set(told) & set(made._items.codes().tolist())


@pytest.mark.parametrize("name", NAMES)
def test_a_bot_is_capped_and_counted(name):
    made = DETECTORS[name].make((), longest_session=100)
    bot = clicks([0] * 1_000, np.arange(1_000) % 30)
    found = made.process(bot)
    assert made.counts()["sessions that were capped"] == 1
    assert made.counts()["events of capped sessions"] == 900
    assert (found[1:, 0] != NONE).all()


@pytest.mark.parametrize(
    "settings", [{"items": 0}, {"items": -1}, {"factors": 0}, {"lr": math.nan}, {"drawn": 1000}]
)
def test_settings_that_cannot_be_used_are_refused(settings):
    with pytest.raises(ParameterError, match="allowed is a number from"):
        DETECTORS["biased-mf"].make((), **settings)


def test_items_are_left_out_while_they_are_known_to_be_out():
    made = DETECTORS["biased-mf"].make(())
    kind = np.array([0, 0, 0, STOCK, 0, STOCK, 0])
    on_hand = [NONE, NONE, NONE, 0, NONE, 5, NONE]
    found = made.process(clicks([1] * 7, [0, 1, 2, 1, 0, 1, 0], kind=kind, on_hand=on_hand))
    assert 1 not in found[4]
    assert 1 in found[6]
