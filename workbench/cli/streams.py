"""``simulate``, ``import`` and ``inspect``: recorded streams, made and looked at."""

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli import output
from workbench.cli.options import AsJson, CaseName, Encrypt, KeyFile, Seed

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The stream's folder to write.")]


def simulate(
    case: CaseName,
    out: Out,
    days: Annotated[int, typer.Option(metavar="N", help="Length of the stream in days.")] = 60,
    seed: Seed = 0,
    scale: Annotated[
        float, typer.Option(metavar="X", help="Multiplies the population, and so the events.")
    ] = 1.0,
    encrypt: Encrypt = False,
    key_file: KeyFile = None,
    json: AsJson = False,
) -> None:
    """Simulate a stream whose truth is known.

    Patterns start and stop and change; truth.json says which and when. Labels, where a case has
    them, come late.
    """
    from workbench.case import get_case
    from workbench.progress import progress
    from workbench.streams.encryption import new_cipher
    from workbench.streams.recorded import Stream
    from workbench.streams.writer import StreamWriter

    found = get_case(case)
    cipher = new_cipher(key_file) if encrypt else None
    origin = {"simulator": case, "days": days, "seed": seed, "scale": scale}
    with (
        StreamWriter(out, case, found.schema, origin, cipher) as writer,
        progress(f"simulate {case}", days, "days") as step,
    ):
        done = 0

        def advance(days_done: int, _: int) -> None:
            nonlocal done
            step(days_done - done)
            done = days_done

        found.load("simulate")(writer, days=days, seed=seed, scale=scale, progress=advance)
    _summarise(Stream.open(out, key_file=key_file).describe(), json)


def import_(
    case: CaseName,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A CSV, JSON lines or Parquet file.")
    ],
    out: Out,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="A known layout of columns.", show_default="give it or --map"
        ),
    ] = None,
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="FILE.toml",
            help="Your columns, units and time zone.",
            show_default="give it or --preset",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Fail where a row is bad.", show_default="bad rows to quarantine"
        ),
    ] = False,
    key_file: KeyFile = None,
    shift_times: Annotated[
        bool,
        typer.Option(
            "--shift-times",
            help="Move the times of each person by a secret constant.",
            show_default="times as they are",
        ),
    ] = False,
    encrypt: Encrypt = False,
    json: AsJson = False,
) -> None:
    """Import a file of another program as a stream.

    Each row becomes an event or goes to quarantine.parquet, with the reason and its row number.
    Where a case has personal data, ids are replaced by pseudonyms, which takes a key.
    """
    from workbench.progress import progress
    from workbench.streams.importer import import_file

    with progress(f"import {file.name}", 0, "rows") as step:
        done = 0

        def advance(rows: int) -> None:
            nonlocal done
            step(rows - done)
            done = rows

        report = import_file(
            case,
            file,
            out,
            preset,
            map_file,
            strict=strict,
            key_file=key_file,
            shift_times=shift_times,
            encrypt=encrypt,
            progress=advance,
        )
    if json:
        output.json(report.to_dict())
        return
    output.say(str(report))
    output.places(stream=out)
    if report.quarantined:
        output.places(quarantine=out / "quarantine.parquet")


def inspect(
    stream: Annotated[Path, typer.Argument(metavar="DIR", help="The stream's folder.")],
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Recompute every hash and read every row.", show_default="off"
        ),
    ] = False,
    json: AsJson = False,
) -> None:
    """Show a stream at a glance.

    Span, rates by day, label delay, columns, gaps and what is in quarantine.
    """
    from workbench.errors import CheckFailed, StreamError
    from workbench.streams.inspection import inspect as look
    from workbench.streams.recorded import Stream

    opened = Stream.open(stream)
    if verify:
        try:
            opened.verify()
        except StreamError as error:
            raise CheckFailed(str(error)) from error
    found = look(opened)
    if json:
        output.json(found.to_dict() | ({"verified": True} if verify else {}))
        return
    output.show(found)
    if verify:
        output.say("Every part is as the manifest says.")


def _summarise(about: dict[str, Any], json: bool) -> None:
    if json:
        output.json(about)
        return
    from workbench.streams.display import facts

    output.table([fact for fact in facts(about) if fact[0] != "columns"], ("", ""))
    output.places(stream=about["path"])
