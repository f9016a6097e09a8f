"""The compiled kernel says what the vocabulary means: it equals a naive oracle, word for word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from kernel_examples import FEATURES, RIVALS, START, WHOLE, delivered, run, streams, world_of
from oracle import Event, matrix

from workbench.durations import DAY, HOUR, MINUTE
from workbench.features import vocabulary as v
from workbench.features.program import OPCODES


def check(events, labels, features):
    found = run(events, labels, features)
    expected = np.array(matrix(world_of(events, labels, features), features))
    for f, feature in enumerate(features):
        tolerance = 0 if isinstance(feature, WHOLE) else 1e-9
        np.testing.assert_allclose(
            found[:, f], expected[:, f], rtol=tolerance, atol=0, err_msg=feature.name
        )


def test_every_word_is_tried():
    assert {type(f) for f in (*FEATURES, *RIVALS)} == set(OPCODES)


@settings(max_examples=60)
@given(streams())
def test_every_word_equals_the_oracle(stream):
    check(*stream, FEATURES)


@settings(max_examples=60)
@given(streams())
def test_rivals_equal_the_oracle(stream):
    check(*stream, RIVALS)
