"""From a run to an artifact."""

from __future__ import annotations

import inspect
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from workbench.artifacts.artifact import STATE, Artifact
from workbench.artifacts.manifest import FORMAT, KIND, NAME, Manifest, describe
from workbench.atomic import atomic_folder, replaceable
from workbench.detectors import codec
from workbench.errors import ParameterError
from workbench.replay import run as runs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from workbench.case import Case
    from workbench.replay.run import Run


def export(run: Run, path: Path, **alerts: Any) -> Artifact:
    """Export the detector as it was after the run's last event.

    Parameters
    ----------
    run
        A finished run.
    path
        The artifact's folder; an artifact that was there is replaced when the new one is whole.
    **alerts
        What the alerts are to be like, as the case's function that fits them takes it: a
        ``budget``, for instance.

    Returns
    -------
    Artifact
        The artifact, verified.

    Raises
    ------
    ParameterError
        If something else is there, or the case's alerts have no such setting.
    """
    replaceable(path, NAME, "an artifact")
    _check(run.case, alerts)
    if "metrics" not in run.document:
        run.record()
    document, schema = run.document, run.case.schema
    last = document["last_event"]
    fitted = run.case.load("alerts")(run.frame(), **alerts) if run.case.alerts else {}
    with atomic_folder(path) as folder:
        codec.save(folder / STATE, codec.load(run.path / runs.STATE), compress=True)
        Manifest(
            format=FORMAT,
            kind=KIND,
            setup=run.setup.to_data(),
            columns={
                "version": schema.version,
                "routing": schema.routing,
                "columns": [asdict(column) for column in schema.columns],
            },
            stream={k: document["stream"][k] for k in ("hash", "events")},
            last_event=(last["time"], last["event_id"]),
            label_delay_us=document["label_delay_us"],
            counts=document["counts"],
            metrics=document["metrics"],
            alerts=fitted,
            versions=document["versions"],
            files=describe(folder),
        ).write(folder)
    artifact = Artifact.open(path)
    artifact.verify()
    return artifact


def _check(case: Case, alerts: Iterable[str]) -> None:
    """Refuse settings that the case's alerts do not have."""
    fit = inspect.signature(case.load("alerts")).parameters.values() if case.alerts else ()
    known = [p.name for p in fit if p.kind is inspect.Parameter.KEYWORD_ONLY]
    for name in alerts:
        if name not in known:
            raise ParameterError.of(
                f"the alert setting {name!r}",
                allowed=" or ".join(known) or "none",
                hint=f"see what alerts of {case.name} depend on",
            )
