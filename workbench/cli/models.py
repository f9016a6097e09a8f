"""``export``, ``verify`` and ``score``: what leaves the workbench."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import options, output
from workbench.cli.options import AlertSettings, AsJson, From, StreamFolder, Until
from workbench.errors import ParameterError

ArtifactFolder = Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The artifact's folder.")]


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    out: Annotated[Path, typer.Option(metavar="ARTIFACT", help="The artifact's folder to write.")],
    alert: AlertSettings = None,
    json: AsJson = False,
) -> None:
    """Export the detector as it was after a run's last event."""
    from workbench.artifacts.export import export as write
    from workbench.replay.run import Run

    artifact = write(Run.open(run), out, **options.numbers(alert, "--alert"))
    if json:
        output.json({"artifact": str(artifact.path), **artifact.manifest})
        return
    output.places(artifact=artifact.path)


def verify(artifact: ArtifactFolder, json: AsJson = False) -> None:
    """Check every file of an artifact against its manifest."""
    from workbench.artifacts.artifact import Artifact

    opened = Artifact.open(artifact)
    opened.verify()
    if json:
        output.json({"artifact": str(opened.path), "verified": True})
        return
    output.say(f"{opened.path}: every file is as the manifest says.")


def score(
    artifact: ArtifactFolder,
    stream: StreamFolder,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The Parquet file to write.")],
    learn: Annotated[
        bool,
        typer.Option(
            "--learn",
            help="Go on learning as the replay did: labels as they become known, or the events.",
            show_default="the detector stays as it was exported",
        ),
    ] = False,
    start: From = None,
    until: Until = None,
    json: AsJson = False,
) -> None:
    """Score a stream with an exported detector.

    Only events after the last one that it has seen. The file holds event_id, event_time, and
    score or, of a recommender, items; one row for each of them, in order.
    """
    times = options.span(start, until)
    from workbench.artifacts.artifact import Artifact
    from workbench.artifacts.score import score as write
    from workbench.streams.recorded import Stream

    opened = Artifact.open(artifact)
    recorded = Stream.open(stream, case=opened.case)
    if out.is_dir():
        raise ParameterError.of(
            f"--out {out}, which is a folder,",
            allowed="the name of a file",
            hint=f"write for instance --out {out / 'scores.parquet'}",
        )
    events = write(opened, recorded, out, learn=learn, start=times[0], until=times[1])
    if json:
        output.json({"scores": str(out), "events": events})
        return
    output.say(f"{events:,} events after the last one of {opened.path}")
    output.places(scores=out)
