"""From a run to an artifact."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from workbench.artifacts.artifact import STATE, Artifact
from workbench.artifacts.manifest import FORMAT, KIND, NAME, Manifest, describe
from workbench.atomic import atomic_folder, replaceable
from workbench.detectors import codec
from workbench.replay import run as runs

if TYPE_CHECKING:
    from pathlib import Path

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
        If something else is there.
    """
    replaceable(path, NAME, "an artifact")
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
