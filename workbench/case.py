"""A case: the schema, simulator, features, detectors, metrics and plots that belong together."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal

from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.streams.schema import Schema


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the workbench needs to know of one kind of stream.

    The heavy parts are given as ``"module:attribute"`` and imported when they are first used,
    so that commands start fast and an artifact can be scored without River.

    Parameters
    ----------
    name
        The name in commands, manifests and topics.
    title
        One line for people.
    schema
        The columns of its events.
    label
        What a label of 1 means, for people; empty where events have none.
    label_delay
        The delay that is taken where a stream's labels carry no ``known_at``.
    features
        ``module:attribute`` of a mapping from feature-set name to a tuple of declarations.
    detectors
        ``module:attribute`` of a mapping from detector name to :class:`DetectorSpec`.
    default_detector
        The shipped detector: the best that the project found, with its settings as defaults.
    simulate
        ``module:attribute`` of ``simulate(writer, days, seed, scale, progress)``.
    presets
        Import presets: name to ``module:attribute`` of a :class:`streams.mapping.Mapping` or a
        :class:`streams.preset.Preset`.
    notices
        ``module:attribute`` of ``notice(rows) -> dict``: of the good rows of an imported file, in
        any order, what looks odd and how often. Empty where a case looks for nothing.
    evaluate
        ``module:attribute`` of ``evaluate(frame, ...) -> Evaluation``.
    compare
        ``module:attribute`` of ``compare(frame, other, ...) -> Comparison``.
    objective
        ``module:attribute`` of ``objective(rows) -> float``, which tuning raises as far as it
        can, of rows that may be evaluated; the attribute is named as the metric in ``compare``.
    plots
        ``module:attribute`` of ``plot(frame, evaluation, truth) -> Figure``.
    report
        The report's notebook, relative to ``notebooks/``.
    evaluation_columns
        Columns of the events that evaluation and plots need.
    alerts
        ``module:attribute`` of ``alerts(frame) -> dict``, which fits the settings of the case's
        alerts to a run's evaluated rows; plain data, kept in the artifact. Empty where a case
        raises none.
    truth
        ``module:attribute`` of ``truth(stream)``, which returns what the ground truth of a stream
        holds beyond patterns, or ``None``; ``evaluate`` takes it as ``truth``. Empty where a case
        has none.
    policy
        ``module:attribute`` of ``policy(settings) -> AlertPolicy``, see
        :mod:`workbench.replay.alerting`.
    answer
        What its detectors answer for each event, ``score`` or ``items``; see
        :mod:`workbench.replay.answers`.
    forget_after
        How long an entity is remembered that does not come back, if not for very long: a stay
        that is over is over.
    path
        ``module:attribute`` of the :class:`~workbench.replay.along.EventPath` that leads events
        to a detector.
    """

    name: str
    title: str
    schema: Schema
    label: str
    label_delay: str
    features: str
    detectors: str
    default_detector: str
    simulate: str
    presets: Mapping[str, str]
    evaluate: str
    compare: str
    objective: str
    plots: str
    report: str
    evaluation_columns: tuple[str, ...] = field(default=())
    alerts: str = ""
    truth: str = ""
    policy: str = "workbench.replay.alerting:Threshold"
    notices: str = ""
    answer: Literal["score", "items"] = "score"
    forget_after: str = ""
    path: str = "workbench.replay.path:Path"

    def load(self, part: str) -> Any:
        """Import and return one of the parts that are given as ``module:attribute``.

        Examples
        --------
        >>> get_case("fraud").load("features")["handbook"][0].name
        'amount'
        """
        return resolve(getattr(self, part))


def resolve(target: str) -> Any:
    """Import ``module:attribute``."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


@cache
def case_names() -> tuple[str, ...]:
    """Names of the installed cases, this project's and others'."""
    return tuple(sorted({e.name for e in entry_points(group="workbench.cases")}))


@cache
def get_case(name: str) -> Case:
    """Return an installed case by name.

    Raises
    ------
    ParameterError
        If there is no case of that name.
    """
    for entry in entry_points(group="workbench.cases"):
        if entry.name == name:
            case = entry.load()
            if not isinstance(case, Case):
                raise ParameterError.of(
                    f"the plug-in {entry.value!r} for the case {name!r}",
                    allowed="a workbench.case.Case object",
                    hint="correct or uninstall the package that registers it",
                )
            return case
    raise ParameterError.of(
        f"the case {name!r}", allowed=" or ".join(case_names()), hint="choose one of these"
    )
