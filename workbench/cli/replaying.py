"""``replay``, ``tune`` and ``compare``: from a stream to runs, and between runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import options, output
from workbench.cli.options import (
    AsJson,
    CaseName,
    Deliver,
    From,
    LabelDelay,
    Parameters,
    Resume,
    Seed,
    StreamFolder,
    Until,
)

if TYPE_CHECKING:
    from workbench.replay.evaluation import Comparison
    from workbench.replay.run import Run
    from workbench.tuning.study import Study

#: Trials that are shown.
SHOWN = 8


def replay(
    case: CaseName,
    stream: StreamFolder,
    detector: Annotated[
        str | None,
        typer.Option(
            "--detector",
            metavar="NAME",
            help="The detector.",
            show_default="the case's shipped one",
        ),
    ] = None,
    parameter: Parameters = None,
    label_delay: LabelDelay = None,
    deliver: Deliver = "1h",
    seed: Seed = 0,
    start: From = None,
    until: Until = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="The run's folder to write.",
            show_default="runs/STREAM-DETECTOR-DIGEST",
        ),
    ] = None,
    resume: Resume = False,
    json: AsJson = False,
) -> None:
    """Replay a stream with labels as late as in life.

    Each event is answered first, by a score or by items; its label is learned when it is known, or
    the event itself. The run holds the answers and, with 95 % intervals, the metrics.
    """
    times = options.span(start, until)
    settings = options.parameters(parameter)
    from workbench.replay.places import run_folder
    from workbench.replay.replay import replay as drive
    from workbench.replay.setup import Setup
    from workbench.streams.recorded import Stream

    setup = Setup.of(case, detector, settings, deliver=deliver, seed=seed)
    recorded = Stream.open(stream, case=case)
    run = drive(
        recorded,
        setup,
        out or run_folder(recorded, setup, label_delay, *times),
        label_delay=label_delay,
        start=times[0],
        until=times[1],
        resume=resume,
        measured=True,
    )
    if json:
        output.json(run.document)
        return
    _summarise(run)


def tune(
    case: CaseName,
    stream: StreamFolder,
    detector: Annotated[
        list[str] | None,
        typer.Option(
            "--detector",
            metavar="NAME",
            help="A detector to search; may be repeated.",
            show_default="all that have something to tune",
        ),
    ] = None,
    trials: Annotated[int, typer.Option(metavar="N", help="Trials in all.")] = 40,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes that work at once.")] = 1,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A database where other machines join the study, as Optuna spells it.",
            show_default="a file in the study's folder",
        ),
    ] = None,
    label_delay: LabelDelay = None,
    deliver: Deliver = "1h",
    seed: Seed = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="STUDY",
            help="The study's folder to write.",
            show_default="studies/STREAM-DIGEST",
        ),
    ] = None,
    resume: Resume = False,
    json: AsJson = False,
) -> None:
    """Search for the best detector and settings.

    The choice is made on a tuning span and confirmed on a later one that no trial saw.
    """
    from workbench.streams.recorded import Stream
    from workbench.tuning.tune import tune as search

    recorded = Stream.open(stream, case=case)
    study = search(
        recorded,
        detector,
        out=out,
        trials=trials,
        jobs=jobs,
        label_delay=label_delay,
        deliver=deliver,
        seed=seed,
        storage=storage,
        resume=resume,
    )
    if json:
        output.json(study.to_dict())
    else:
        _show(study)


def compare(
    baseline: Annotated[
        Path, typer.Argument(metavar="RUN", help="The run that the others are compared with.")
    ],
    others: Annotated[list[Path], typer.Argument(metavar="RUN...", help="One run or more.")],
    start: From = None,
    until: Until = None,
    json: AsJson = False,
) -> None:
    """Say which runs are better than the first one.

    Paired differences on the events that both scored, with 95 % intervals.
    """
    from workbench.replay.run import Run

    times = dict(zip(("start", "until"), options.span(start, until), strict=True))
    first, *rest = (Run.open(path) for path in (baseline, *others))
    found = [(run, run.compare(first, **times)) for run in rest]
    if json:
        runs = [{"run": str(run.path), **result.to_dict()} for run, result in found]
        output.json({"baseline": str(first.path), "runs": runs})
        return
    for run, result in found:
        output.say(f"{_named(run)} less {_named(first)}: {result.headline}")
        _differences(result)


def _show(study: "Study") -> None:
    """Print a study: its best trials, what was chosen, and whether it holds."""
    import orjson

    from workbench.tuning.display import counted, spelled

    measure, winner = study.confirmation.measures[study.plan.objective], study.winner
    output.say(f"{counted(study)}; the best of the complete ones:")
    trials = study.trials.filter(state="complete").top_k(SHOWN, by="objective")
    output.table(
        [
            (
                str(trial["number"]),
                trial["detector"],
                format(trial["objective"], measure.spec),
                spelled(orjson.loads(trial["parameters"])),
            )
            for trial in trials.sort("objective", descending=True).to_dicts()
        ],
        ("trial", "detector", measure.title, "parameters"),
        ("trial", measure.title),
    )
    output.say(f"The choice is trial {winner['number']}, {winner['detector']}. {study.verdict}")
    if not study.document["same"]:
        output.say(f"Less the shipped default, on the later span: {study.confirmation.headline}")
        _differences(study.confirmation)
    output.places(study=study.path, best=study.best.path)


def _differences(found: "Comparison") -> None:
    output.estimates(
        found.differences,
        found.measures,
        signed=True,
        verdicts={name: found.verdict(name) for name in found.differences},
    )


def _named(run: "Run") -> str:
    return f"{run.setup.detector} ({run.path})"


def _summarise(run: "Run") -> None:
    document: dict[str, Any] = run.document
    speed, memory = document["events_per_second"], document["peak_memory_mb"]
    output.say(
        f"{run.setup.detector} on {run.stream.path}: {document['counts']['events']:,} events in "
        f"{document['seconds']:.1f} s ({speed:,} events/s, peak memory {memory or '?'} MB)"
    )
    output.say(run.evaluation.headline)
    output.estimates(run.evaluation.overall, run.evaluation.measures)
    answers = {Path(run.answer.file).stem: run.path / run.answer.file}
    output.places(run=run.path, **answers, metrics=run.path / "run.json")
