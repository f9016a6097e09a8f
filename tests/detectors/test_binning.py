import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.detectors.binning import (
    Binning,
    Cross,
    Edges,
    LogGrid,
    Quantiles,
    Term,
    UnitGrid,
    quantile_terms,
)
from workbench.detectors.rows import as_dicts
from workbench.errors import ParameterError

ANY = st.floats(allow_infinity=False)
EDGES = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=150, unique=True)


def one_term(encoding):
    return Binning(("x",), [Term("x", encoding)])


def ids(binning, *values):
    return binning.encode(np.array(values, dtype=float)[:, None])[:, 0].tolist()


def test_a_bin_holds_its_upper_edge_and_missing_is_the_last():
    assert ids(one_term(Edges((1.0, 2.0))), 0.5, 1.0, 1.5, 2.0, 2.5, np.nan) == [0, 0, 1, 1, 2, 3]


def test_a_unit_grid_gives_each_day_its_bin():
    assert ids(one_term(UnitGrid(7, 9)), 0, 7, 7.4, 8, 9, 10, 60) == [0, 1, 1, 2, 3, 4, 4]


def test_a_log_grid_multiplies():
    np.testing.assert_allclose(LogGrid(0.1, 10.0, 3).edges(np.empty(0)), [0.1, 1.0, 10.0])


def test_quantiles_come_from_the_warm_up_and_leave_missing_values_out():
    binning = one_term(Quantiles((0.25, 0.5)))
    binning.fit(np.array([[0.0], [np.nan], [4.0], [8.0], [np.nan]]))
    assert binning.edges[0].tolist() == [2.0, 4.0]


@pytest.mark.parametrize("warm", [np.empty((0, 1)), np.full((9, 1), np.nan)])
def test_quantiles_without_values_leave_one_bin_and_missing(warm):
    binning = one_term(Quantiles((0.5,)))
    binning.fit(warm)
    assert ids(binning, -1.0, 1.0, np.nan) == [0, 0, 1]
    assert binning.width == 2


def test_repeated_quantiles_count_once():
    binning = one_term(Quantiles((0.1, 0.5, 0.9)))
    binning.fit(np.full((50, 1), 3.0))
    assert binning.edges[0].tolist() == [3.0]


def test_each_column_has_its_own_ids_and_a_cross_one_for_every_combination():
    binning = Binning(
        ("a", "b"),
        [Term("a", Edges((0.0,))), Term("b", Edges((0.0, 1.0)), name="coarse", main=False)],
        [Cross(("a", "coarse"))],
    )
    assert binning.names == ("a", "a × coarse")
    assert binning.width == 3 + 3 * 4
    X = np.array([[a, b] for a in (-1, 1, np.nan) for b in (-1, 0.5, 2, np.nan)], dtype=float)
    encoded = binning.encode(X)
    assert sorted(set(encoded[:, 0])) == [0, 1, 2]
    assert encoded[:, 1].tolist() == list(range(3, 15))


def test_values_of_columns_reach_every_id():
    terms = [Term("a", Edges((0.0,)), value=0.5), Term("b", Edges((0.0,)))]
    binning = Binning(("a", "b"), terms, [Cross(("a", "b"), value=0.2)])
    assert binning.values.tolist() == [0.5] * 3 + [1.0] * 3 + [0.2] * 9


@settings(derandomize=True, max_examples=150, deadline=None)
@given(EDGES, arrays(float, 20, elements=ANY))
def test_the_compiled_search_is_numpys(edges, values):
    edges = sorted(edges)
    binning = one_term(Edges(tuple(edges)))
    expected = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values))
    assert ids(binning, *values) == expected.tolist()
    below, above = np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)
    at_edges = np.concatenate([below, edges, above])
    assert ids(binning, *at_edges) == np.searchsorted(edges, at_edges).tolist()


@pytest.mark.parametrize("count", [1, 15, 16, 17, 47, 48, 49, 50, 96, 97, 333])
def test_the_search_holds_for_any_number_of_edges(count):
    edges = np.arange(count, dtype=float)
    values = np.arange(-1, count + 0.5, 0.5)
    assert ids(one_term(Edges(tuple(edges))), *values) == np.searchsorted(edges, values).tolist()


@settings(derandomize=True, max_examples=30, deadline=None)
@given(arrays(float, (30, 3), elements=ANY))
def test_rows_are_encoded_as_the_plain_definition_says(X):
    features = ("a", "b", "c")
    binning = Binning(features, quantile_terms(features, 5), [Cross(("c", "a")), Cross(features)])
    binning.fit(X[:15])
    assert binning.encode(X).tolist() == [binning.encode_one(x) for x in as_dicts(X, features)]


@pytest.mark.parametrize(
    "declare",
    [
        lambda: Edges((2.0, 1.0)),
        lambda: Edges((1.0, 1.0)),
        lambda: Edges((np.inf,)),
        lambda: Edges(()),
        lambda: LogGrid(0.0, 1.0, 5),
        lambda: LogGrid(1.0, 2.0, 1),
        lambda: UnitGrid(3, 2),
        lambda: Quantiles((1.5,)),
        lambda: Quantiles(()),
        lambda: Binning(("a",), [Term("b", Edges((0.0,)))]),
        lambda: Binning(("a",), [Term("a", Edges((0.0,)))] * 2),
        lambda: Binning(("a",), [Term("a", Edges((0.0,)))], [Cross(("a", "b"))]),
    ],
)
def test_impossible_declarations_are_refused(declare):
    with pytest.raises(ParameterError, match="allowed is"):
        declare()
