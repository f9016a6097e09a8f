"""ROC AUC and average precision of the compiled twin are those of scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from workbench.replay.ranking import Ranking, descending

# Few distinct scores, so that ties between and within classes are common.
ROWS = st.lists(
    st.tuples(
        st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0, 7.5]),  # score
        st.integers(0, 1),  # label
        st.integers(0, 4),  # entity
        st.integers(0, 2),  # section
    ),
    min_size=1,
    max_size=40,
)
WEIGHTS = st.lists(st.integers(0, 3), min_size=5, max_size=5)


def expected(label, score, weight):
    held = weight > 0
    if len(set(label[held])) < 2:
        return np.nan, np.nan
    return (
        roc_auc_score(label, score, sample_weight=weight),
        average_precision_score(label, score, sample_weight=weight),
    )


@settings(derandomize=True, max_examples=300, deadline=None)
@given(ROWS, WEIGHTS)
def test_it_equals_scikit_learn_with_ties_and_weights(rows, weights):
    score, label, entity, _ = (np.array(x) for x in zip(*rows, strict=True))
    weights = np.array(weights, np.uint8)
    roc_auc, average_precision = Ranking(score, label, entity, parts=1)(weights)
    np.testing.assert_allclose(
        (roc_auc[0], average_precision[0]), expected(label, score, weights[entity]), atol=1e-12
    )


@settings(derandomize=True, max_examples=150, deadline=None)
@given(ROWS, WEIGHTS)
def test_sections_are_ranked_apart(rows, weights):
    score, label, entity, section = (np.array(x) for x in zip(*rows, strict=True))
    weights = np.array(weights, np.uint8)
    found = np.stack(Ranking(score, label, entity, section, parts=3)(weights))
    for s in range(3):
        own = section == s
        wanted = (
            expected(label[own], score[own], weights[entity][own]) if own.any() else [np.nan] * 2
        )
        np.testing.assert_allclose(found[:, s], wanted, atol=1e-12)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(ROWS, WEIGHTS)
def test_each_part_of_the_positives_is_ranked_against_all_negatives(rows, weights):
    score, label, entity, part = (np.array(x) for x in zip(*rows, strict=True))
    weights = np.array(weights, np.uint8)
    found = np.stack(Ranking(score, label, entity, part=part, parts=3)(weights))
    for p in range(3):
        own = (label == 0) | (part == p)
        wanted = (
            expected(label[own], score[own], weights[entity][own]) if own.any() else [np.nan] * 2
        )
        np.testing.assert_allclose(found[:, p], wanted, atol=1e-12)


@pytest.mark.parametrize("label", [[], [0, 0], [1, 1]])
def test_one_class_is_not_a_number(label):
    n = len(label)
    ranking = Ranking(np.zeros(n), np.array(label, int), np.zeros(n, int), parts=2)
    assert np.isnan(np.stack(ranking(np.ones(1, np.uint8)))).all()


def test_the_order_of_equal_scores_changes_no_bit():
    rng = np.random.default_rng(1)
    score = rng.integers(0, 9, 500) / 8
    label, entity = rng.integers(0, 2, 500), rng.integers(0, 40, 500)
    weights = rng.poisson(1, 40).astype(np.uint8)
    shuffled = rng.permutation(500)
    first = np.stack(Ranking(score, label, entity)(weights))
    second = np.stack(Ranking(score[shuffled], label[shuffled], entity[shuffled])(weights))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("sections", [3, 40_000])
def test_descending_is_by_section_then_score_and_stable(sections):
    rng = np.random.default_rng(2)
    section, score = rng.integers(0, sections, 300), rng.integers(0, 5, 300) / 4
    wanted = sorted(range(300), key=lambda i: (section[i], -score[i], i))
    assert descending(score, section).tolist() == wanted
