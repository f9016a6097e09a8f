"""What every detector must do, as checks that any package can run on its own detectors.

As in River: ``for check in checks_for(spec, features): check()``. A check that fails raises
:class:`workbench.errors.CheckFailed`; pytest shows each under its own name with
``@pytest.mark.parametrize("check", checks_for(...), ids=lambda check: check.func.__name__)``.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.detectors import codec
from workbench.detectors.check_data import Subject, random_rows, structured_rows
from workbench.detectors.protocol import Choice, Explains
from workbench.detectors.rows import as_dicts
from workbench.errors import CheckFailed, ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workbench.detectors.protocol import Detector, DetectorSpec, Matrix, Vector

TOLERANCE = 1e-12
"""How far a snapshot's score may lie from River's own."""


def require(condition: object, message: str) -> None:
    """Raise :class:`CheckFailed` unless the condition holds."""
    if not condition:
        raise CheckFailed(message)


def _scores(detector: Detector, X: Matrix) -> Vector:
    scores = detector.score(X)
    require(
        scores.shape == (len(X),) and scores.dtype == np.float64,
        f"scores have shape {scores.shape} and type {scores.dtype}, not ({len(X)},) and float64",
    )
    outside = ~((scores >= 0) & (scores <= 1))
    require(not outside.any(), f"scores outside 0 to 1: {scores[outside][:5]}")
    return scores


def _bytes(detector: Detector) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        codec.save(path, detector.state())
        return path.read_bytes()


def _equals_reference(detector: Any, X: Matrix, features: Sequence[str]) -> None:
    own = _scores(detector, X)
    reference = np.array([detector.reference_score(x) for x in as_dicts(X, features)])
    if len(own):
        apart = np.abs(own - reference)
        worst = int(apart.argmax())
        require(
            apart[worst] <= TOLERANCE,
            f"the snapshot gives {own[worst]!r}, the estimator itself {reference[worst]!r} "
            f"for {X[worst]}",
        )


def check_snapshot_equals_estimator_on_random_rows(subject: Subject) -> None:
    """Compare scores in bulk with the estimator's own at several moments: equal within 1e-12."""
    rows, unseen = random_rows(subject, 300), random_rows(subject, 60, seed=9)
    detector = subject.make(rows.X[:100])
    for start, stop in ((0, 0), (0, 1), (1, 40), (40, 41), (41, 300)):
        rows[start:stop].teach(detector)
        _equals_reference(detector, rows.X[:60], subject.features)
        _equals_reference(detector, unseen.X, subject.features)


def check_snapshot_equals_estimator_on_a_drifting_pattern(subject: Subject) -> None:
    """Compare them where trees grow, prune and replace branches."""
    rows = structured_rows(subject, 1500)
    detector = subject.make(rows.X[:200])
    for start in range(0, 1500, 100):
        rows[start : start + 100].teach(detector)
        _equals_reference(detector, rows.X[start : start + 40], subject.features)


def check_snapshot_equals_estimator_on_values_far_outside(subject: Subject) -> None:
    """Compare them for values that no learned row had, and for rows without any value."""
    rows = random_rows(subject, 200)
    detector = subject.make(rows.X)
    rows.teach(detector)
    extremes = np.array([0.0, -0.0, 1e-300, 1e12, -1e12, np.nan])
    X = np.repeat(extremes[:, None], len(subject.features), axis=1)
    _equals_reference(detector, X, subject.features)


def check_same_seed_gives_same_bytes(subject: Subject) -> None:
    """Expect equal states and scores, byte for byte, of one seed and the same rows."""
    rows = structured_rows(subject, 300)
    made = [subject.make(rows.X[:100]) for _ in range(2)]
    for detector in made:
        rows.teach(detector)
    require(_bytes(made[0]) == _bytes(made[1]), "the states differ")
    require(_same(made[0].score(rows.X), made[1].score(rows.X)), "the scores differ")


def check_cut_into_score_batches_changes_no_bit(subject: Subject) -> None:
    """See that a row's score does not depend on the rows that are scored with it."""
    rows = structured_rows(subject, 300)
    detector = subject.make(rows.X[:100])
    rows.teach(detector)
    whole = _scores(detector, rows.X)
    for step in (1, 7, 64):
        parts = [detector.score(rows.X[i : i + step]) for i in range(0, 300, step)]
        require(_same(whole, np.concatenate(parts)), f"batches of {step} give other scores")


def check_cut_into_learn_batches_changes_no_bit(subject: Subject) -> None:
    """Expect rows to be learned one at a time in their order, however they are handed over."""
    rows = structured_rows(subject, 300)
    results = []
    for step in (300, 1, 13):
        detector = subject.make(rows.X[:100])
        detector.score(rows.X)
        rows.teach(detector, step)
        results.append((_bytes(detector), detector.score(rows.X).tobytes()))
    require(results[0] == results[1] == results[2], "the states or the scores differ")


def check_scoring_changes_nothing(subject: Subject) -> None:
    """See that neither scoring nor asking for the state leaves a trace."""
    rows = structured_rows(subject, 200)
    watched, left_alone = subject.make(rows.X[:100]), subject.make(rows.X[:100])
    for i in range(0, 200, 20):
        watched.score(rows.X)
        _bytes(watched)
        rows[i : i + 20].teach(watched)
        rows[i : i + 20].teach(left_alone)
    require(_bytes(watched) == _bytes(left_alone), "the states differ")


def check_restored_state_has_the_same_future(subject: Subject) -> None:
    """Save and restore half-way: every later score and state is the same, bit for bit."""
    rows = structured_rows(subject, 600)
    first = subject.make(rows.X[:100])
    rows[:300].teach(first)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        codec.save(path, first.state())
        second = subject.make()
        second.restore(codec.load(path))
    for i in range(300, 600, 100):
        require(_same(first.score(rows.X), second.score(rows.X)), f"scores differ after {i} rows")
        rows[i : i + 100].teach(first)
        rows[i : i + 100].teach(second)
    require(_bytes(first) == _bytes(second), "the states differ after 600 rows")


def check_state_is_not_changed_by_later_learning(subject: Subject) -> None:
    """See that what ``state`` returned stays as it was."""
    rows = structured_rows(subject, 200)
    detector = subject.make(rows.X[:100])
    rows[:100].teach(detector)
    state, scores = detector.state(), detector.score(rows.X)
    rows[100:].teach(detector)
    restored = subject.make()
    restored.restore(state)
    require(_same(restored.score(rows.X), scores), "the state moved on with its detector")


def check_scores_before_any_learning(subject: Subject) -> None:
    """Expect valid scores of a detector that knows nothing, warmed up or not."""
    rows = random_rows(subject, 50)
    for warm in (None, rows.X, rows.X[:0]):
        _equals_reference(subject.make(warm), rows.X, subject.features)


def check_missing_values_are_learned_and_scored(subject: Subject) -> None:
    """Learn and score rows without a value, and a feature that never has one."""
    rows = random_rows(subject, 100)
    rows.X[:, 0] = np.nan
    rows.X[::5] = np.nan
    detector = subject.make(rows.X)
    rows.teach(detector)
    _equals_reference(detector, rows.X, subject.features)


def check_constant_features(subject: Subject) -> None:
    """Learn features that never change, and score them when they do."""
    rows = random_rows(subject, 150)
    rows.X[:] = 5.0
    detector = subject.make(rows.X)
    rows.teach(detector)
    X = np.repeat([[5.0], [6.0], [np.nan]], len(subject.features), axis=1)
    _equals_reference(detector, X, subject.features)


def check_one_class_only(subject: Subject) -> None:
    """Learn streams of only label 0, and of only label 1."""
    for label in (0, 1):
        rows = random_rows(subject, 150)
        rows.y[:] = label
        detector = subject.make(rows.X[:50])
        rows.teach(detector)
        _equals_reference(detector, rows.X, subject.features)


def check_infinities_are_refused_by_name(subject: Subject) -> None:
    """Expect infinite values to be refused by name, with nothing learned of their batch."""
    rows = random_rows(subject, 60)
    detector = subject.make(rows.X)
    rows.teach(detector)
    before = _bytes(detector)
    for value in (np.inf, -np.inf):
        X = rows.X.copy()
        X[-1, -1] = value
        calls: dict[str, Callable[[], object]] = {
            "score": partial(detector.score, X),
            "learn": partial(detector.learn, X, rows.y, rows.w),
        }
        for name, call in calls.items():
            try:
                call()
            except ParameterError as error:
                require(subject.features[-1] in str(error), f"{name} does not name the feature")
            else:
                raise CheckFailed(f"{name} takes {value}")
    require(_bytes(detector) == before, "a refused batch left a trace")


def check_memory_layout_does_not_matter(subject: Subject) -> None:
    """Score column-wise, strided and read-only matrices like any other."""
    rows = structured_rows(subject, 100)
    detector = subject.make(rows.X)
    rows.teach(detector)
    whole = detector.score(rows.X)
    wide = np.repeat(rows.X, 2, axis=1)
    require(_same(whole, detector.score(np.asfortranarray(rows.X))), "column-wise rows differ")
    require(_same(whole, detector.score(wide[:, ::2])), "strided rows differ")
    frozen = rows.X.copy()
    frozen.flags.writeable = False
    require(_same(whole, detector.score(frozen)), "read-only rows differ")
    detector.learn(frozen, rows.y, rows.w)


def check_empty_batches(subject: Subject) -> None:
    """Score and learn nothing."""
    rows = random_rows(subject, 40)
    detector = subject.make(rows.X)
    rows.teach(detector)
    before = _bytes(detector)
    _scores(detector, rows.X[:0])
    detector.learn(rows.X[:0], rows.y[:0], rows.w[:0])
    require(_bytes(detector) == before, "learning nothing changed the state")


def check_explanations_have_names(subject: Subject) -> None:
    """Expect a name and a finite contribution for each term, where a detector explains."""
    rows = structured_rows(subject, 200)
    detector = subject.make(rows.X)
    rows.teach(detector)
    if isinstance(detector, Explains):
        names, parts = detector.explain(rows.X)
        require(parts.shape == (200, len(names)), "names and contributions do not match")
        require(np.isfinite(parts).all(), "a contribution is not finite")


def check_search_space_can_be_built(subject: Subject) -> None:
    """Build with each end of each dimension, and learn."""
    spec, rows = subject.spec, structured_rows(subject, 30)
    require(set(spec.space) <= set(spec.defaults), "the space has parameters without a default")
    for name, dimension in spec.space.items():
        kind = type(spec.defaults[name])
        values = (
            dimension.values if isinstance(dimension, Choice) else (dimension.low, dimension.high)
        )
        for value in values:
            detector = subject.make(rows.X, **{name: kind(value)})
            rows.teach(detector)
            _scores(detector, rows.X)


def check_twin_learns_as_the_estimator(subject: Subject) -> None:
    """Expect of a compiled twin the scores of the estimator itself, also after they changed places.

    Detectors that offer none (by a parameter ``twin``) pass.
    """
    if "twin" not in subject.spec.defaults:
        return
    rows, unseen = structured_rows(subject, 400), random_rows(subject, 60, seed=9)
    twin, itself = (subject.make(rows.X[:100], twin=choice) for choice in (True, False))
    for start in range(0, 400, 100):
        for detector in (twin, itself):
            rows[start : start + 100].teach(detector, 17)
        for X in (rows.X, unseen.X):
            apart = np.abs(twin.score(X) - itself.score(X)).max()
            require(apart <= TOLERANCE, f"the twin's scores are up to {apart} away")
        states = twin.state(), itself.state()
        twin, itself = (subject.make(twin=choice) for choice in (True, False))
        twin.restore(states[1])
        itself.restore(states[0])


def _same(a: Vector, b: Vector) -> bool:
    return a.tobytes() == b.tobytes()


def checks_for(
    spec: DetectorSpec,
    features: Sequence[str] = ("amount", "ratio", "age", "count"),
    **parameters: Any,
) -> list[partial[None]]:
    """Return every check of a detector, each to be called without arguments.

    Parameters
    ----------
    spec
        The detector. It needs a method ``reference_score(x) -> float`` beside the protocol's:
        the estimator's own score of one row, given as a dict without missing features.
    features
        Names of the features that it is made with.
    parameters
        Parameters other than its defaults, such as small windows that short checks can fill.

    Examples
    --------
    >>> from workbench.detectors.rule import Points, rule_spec
    >>> for check in checks_for(rule_spec([Points("amount", 3.0)])):
    ...     check()
    """
    subject = Subject(spec, tuple(features), parameters)
    checks = [f for name, f in globals().items() if name.startswith("check_")]
    return [partial(check, subject) for check in checks]
