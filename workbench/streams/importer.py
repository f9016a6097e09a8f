"""From a file of another program to a recorded stream."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.case import Case, get_case, resolve
from workbench.errors import ParameterError, StreamError
from workbench.streams.content import Content
from workbench.streams.encryption import new_cipher
from workbench.streams.manifest import hash_of, rfc3339
from workbench.streams.mapping import Mapping
from workbench.streams.parts import sha256
from workbench.streams.preset import Preset
from workbench.streams.privacy import Privacy
from workbench.streams.pseudonyms import Pseudonyms
from workbench.streams.schema import EVENT_TIME
from workbench.streams.secret import SHORT, need_secret
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable


_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import read, wrote and put aside.

    Parameters
    ----------
    path
        The stream's folder.
    rows
        Rows of the file; each is an event or in quarantine.
    events, labels, positives
        What the stream holds.
    start, end
        Times of the first and the last event, RFC 3339.
    quarantined
        Reason to number of rows.
    cleared
        Reason to number of values that were set to missing.
    noticed
        What looks odd, though nothing was done about it, and how often.
    pseudonyms
        Columns whose values were replaced by pseudonyms.
    guessable
        Whether the key of the pseudonyms is so short that it could be guessed.
    unknown_columns
        Columns of the file that the preset or mapping says nothing of.
    """

    path: Path
    rows: int
    events: int
    labels: int
    positives: int
    start: str
    end: str
    quarantined: dict[str, int] = field(default_factory=dict)
    cleared: dict[str, int] = field(default_factory=dict)
    noticed: dict[str, int] = field(default_factory=dict)
    pseudonyms: tuple[str, ...] = ()
    guessable: bool = False
    unknown_columns: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report, ready for JSON."""
        return {
            "path": str(self.path),
            "rows": self.rows,
            "events": self.events,
            "labels": self.labels,
            "positives": self.positives,
            "start": self.start,
            "end": self.end,
            "quarantined": self.quarantined,
            "cleared": self.cleared,
            "noticed": self.noticed,
            "pseudonyms": list(self.pseudonyms),
            "unknown_columns": list(self.unknown_columns),
        }

    def __str__(self) -> str:
        bad = sum(self.quarantined.values())
        labels = f", {self.labels:,} labels, {self.positives:,} positive" if self.labels else ""
        lines = [
            f"{self.rows:,} rows → {self.events:,} events ({self.start[:10]} – {self.end[:10]})"
            f"{labels}; {bad:,} row(s) in quarantine",
            *_listed(self.quarantined),
        ]
        if self.cleared:
            lines.append(f"{sum(self.cleared.values()):,} value(s) set to missing")
            lines += _listed(self.cleared)
        if self.noticed:
            lines += ["worth a look", *_listed(self.noticed)]
        if self.pseudonyms:
            lines.append(f"pseudonyms in place of ids: {', '.join(self.pseudonyms)}")
        if self.guessable:
            lines.append(
                f"the key has less than {SHORT} characters: whoever guesses it finds the ids; "
                "make a longer one"
            )
        if self.unknown_columns:
            names = ", ".join(self.unknown_columns)
            lines.append(f"{len(self.unknown_columns)} unknown column(s) not imported: {names}")
        return "\n".join(lines)


def import_file(
    case: str,
    source: str | Path,
    out: str | Path,
    preset: str | None = None,
    map_file: str | Path | None = None,
    *,
    strict: bool = False,
    key_file: Path | None = None,
    shift_times: bool = False,
    encrypt: bool = False,
    progress: Callable[[int], object] | None = None,
) -> ImportReport:
    """Import a CSV, JSON lines or Parquet file, or what a preset reads, as a recorded stream.

    Every row of the file becomes an event or goes to ``quarantine.parquet`` with the reason.
    Events are sorted by (``event_time``, ``event_id``); of rows with one id, the first in that
    order stays. All events are held in memory for that: about 150 bytes each.

    Parameters
    ----------
    case
        Name of the case.
    source
        The file, or the folder where a preset reads one.
    out
        The stream's folder; an existing stream is replaced.
    preset, map_file
        One of the two: a preset's name, or a TOML file (see :mod:`workbench.streams.mapping`).
    strict
        Fail, and write nothing, if any row is bad or a column unknown.
    key_file
        File with the key of pseudonyms and encryption; that of the environment if not given.
    shift_times
        Move the times of each entity by a secret constant.
    encrypt
        Encrypt the stream's parts.
    progress
        Called after each batch with the number of rows read so far.

    Raises
    ------
    ParameterError
        If preset or mapping cannot be used, a key is needed and missing, or the file has columns
        that look like names, notes or dates of birth where the case has personal data.
    StreamError
        If the file cannot be read, lacks a column or holds no event; with ``strict``, if
        anything is wrong with it; or if ``out`` cannot be written.
    """
    source, out = Path(source), Path(out)
    the_case = get_case(case)
    layout = _preset(the_case, preset, map_file)
    layout.mapping.check(the_case.schema)
    privacy, guessable = _privacy(the_case, layout.mapping, key_file, shift=shift_times)
    cipher = new_cipher(key_file) if encrypt else None
    batches = layout.read(source, layout.mapping.delimiter)
    how = {"preset": preset} if preset else {"map": Path(str(map_file)).name}
    origin = {"file": source.name, "sha256": _fingerprint(source), **how}
    with StreamWriter(out, case, the_case.schema, origin, cipher) as writer:
        notice = the_case.load("notices") if the_case.notices else None
        content = Content(source, layout, the_case.schema, privacy, notice)
        for batch in batches:
            content.add(batch)
            if progress is not None:
                progress(content.rows)
        events, bad = content.finish()
        if strict:
            _refuse(source, bad, content.unknown)
        if not events.height:
            raise _nothing(source, bad)
        if privacy is not None:
            writer.origin |= {"file": content.file_name, **privacy.origin}
        writer.cleared = {what: n for what, n in content.cleared.items() if n}
        writer.noticed = dict(content.noticed)
        _write(writer, events, bad, layout.mapping)
    counts = writer.manifest.counts
    return ImportReport(
        path=out,
        rows=content.rows,
        events=events.height,
        labels=counts.labels or 0,
        positives=counts.positives or 0,
        start=rfc3339(events[EVENT_TIME][0]),
        end=rfc3339(events[EVENT_TIME][-1]),
        quarantined=counts.quarantined,
        cleared=counts.cleared,
        noticed=counts.noticed,
        pseudonyms=() if privacy is None else the_case.schema.personal,
        guessable=guessable,
        unknown_columns=content.unknown,
    )


def _preset(case: Case, preset: str | None, map_file: str | Path | None) -> Preset:
    if (preset is None) == (map_file is None):
        raise ParameterError.of(
            "both --preset and --map" if preset else "an import without --preset and --map",
            allowed=f"--preset {' or '.join(sorted(case.presets)) or '(none)'}, or --map FILE.toml",
            hint="give one of the two",
        )
    if map_file is not None:
        return Preset(Mapping.load(map_file))
    if preset is None or preset not in case.presets:
        raise ParameterError.of(
            f"the preset {preset!r} for {case.name}",
            allowed=" or ".join(sorted(case.presets)) or "none",
            hint="choose one of these, or describe your columns with --map FILE.toml",
        )
    return Preset.of(resolve(case.presets[preset]))


def _privacy(
    case: Case, mapping: Mapping, key_file: Path | None, *, shift: bool
) -> tuple[Privacy | None, bool]:
    """Return what becomes of personal data, and whether its key is short."""
    if not case.schema.personal:
        if shift:
            raise ParameterError.of(
                f"--shift-times for {case.name}",
                allowed="a case with personal data",
                hint="leave it out",
            )
        return None, False
    secret = need_secret(key_file, f"importing {case.name}, which has personal data,")
    return Privacy(case.schema, mapping, Pseudonyms(secret), shift=shift), secret.short


def _fingerprint(source: Path) -> str:
    """Return the SHA-256 of a file, or over those of a folder's files in the order of names."""
    if source.is_file():
        return sha256(source)
    files = sorted(path for path in source.iterdir() if path.is_file())
    return hash_of([sha256(path) for path in files]) or ""


def _write(writer: StreamWriter, events: pl.DataFrame, bad: pl.DataFrame, mapping: Mapping) -> None:
    writer.events(events)
    writer.labels(events.filter(pl.col("label").is_not_null()))
    if mapping.pattern is not None and events["pattern"].null_count() < events.height:
        writer.pattern(events.filter(pl.col("pattern").is_not_null()))
        if mapping.pattern.about:
            writer.truth = {
                "patterns": [
                    {"name": name, "description": text}
                    for name, text in mapping.pattern.about.items()
                ]
            }
    if bad.height:
        writer.quarantine(bad)


def _refuse(source: Path, bad: pl.DataFrame, unknown: tuple[str, ...]) -> None:
    """Fail if anything is wrong with the file."""
    if bad.height:
        row, reason, _ = bad.row(0)
        raise StreamError.of(
            f"{source} with --strict ({bad.height:,} bad row(s): {_reasons(bad)}; "
            f"the first is row {row}: {reason})",
            allowed="a file without bad rows",
            hint="correct them, or leave out --strict to put them in quarantine",
        )
    if unknown:
        raise StreamError.of(
            f"{source} with --strict ({len(unknown)} unknown column(s): {', '.join(unknown)})",
            allowed="columns that the preset or the mapping names",
            hint="list them under `ignore` in the mapping, or leave out --strict",
        )


def _nothing(source: Path, bad: pl.DataFrame) -> StreamError:
    what = f"all {bad.height:,} rows are bad: {_reasons(bad)}" if bad.height else "it has no rows"
    return StreamError.of(
        f"{source} ({what})",
        allowed="a file with at least one event",
        hint="check that the preset or the mapping is the one for this file",
    )


def _reasons(bad: pl.DataFrame) -> str:
    """Name the commonest reasons with their counts."""
    ranked = Counter(bad["reason"]).most_common()
    named = "; ".join(f"{n:,} × {reason}" for reason, n in ranked[:_SHOWN])
    return named + ("; …" if len(ranked) > _SHOWN else "")


def _listed(counts: dict[str, int]) -> list[str]:
    return [f"  {n:,} × {what}" for what, n in counts.items()]
