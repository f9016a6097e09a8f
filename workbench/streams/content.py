"""What has been read of a file so far: rows that are events, and rows that are not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import orjson
import polars as pl

from workbench.streams.privacy import WITHHELD
from workbench.streams.validation import (
    DUPLICATE,
    MALFORMED,
    SOURCE_ROW,
    bad_rows,
    first_of_each,
    validate,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.streams.preset import Preset
    from workbench.streams.privacy import Privacy
    from workbench.streams.schema import Schema
    from workbench.streams.sources import RawBatch


class Content:
    """Takes a file batch by batch, and gives its events at the end.

    Parameters
    ----------
    source
        The file.
    preset
        How it is read.
    schema
        The schema of the case.
    privacy
        What becomes of personal data; ``None`` where the case has none.
    notice
        Says of good rows what looks odd, and how often.

    Attributes
    ----------
    rows
        Rows read so far.
    cleared
        Reason to number of values that were set to missing.
    noticed
        What looks odd, and how often; known at the end.
    file_name
        The file's name as a manifest may hold it, known at the end.
    """

    def __init__(
        self,
        source: Path,
        preset: Preset,
        schema: Schema,
        privacy: Privacy | None,
        notice: Callable[[pl.DataFrame], dict[str, int]] | None = None,
    ) -> None:
        self.rows = 0
        self.cleared: Counter[str] = Counter()
        self.noticed: Counter[str] = Counter()
        self.file_name = source.name
        self._source = source
        self._preset = preset
        self._mapping = preset.mapping
        self._schema = schema
        self._privacy = privacy
        self._notice = notice
        self._columns: dict[str, None] = {}
        self._good: list[pl.DataFrame] = []
        self._bad: list[pl.DataFrame] = []

    @property
    def unknown(self) -> tuple[str, ...]:
        """Columns that are neither used nor ignored."""
        return self._mapping.unknown(self._columns)

    def add(self, batch: RawBatch) -> None:
        """Validate the next rows.

        Raises
        ------
        StreamError
            If the file lacks a column.
        ParameterError
            If it has one that looks like names, notes or dates of birth.
        """
        self._columns |= dict.fromkeys(batch.frame.columns)
        self.noticed.update(batch.noticed)
        if self._privacy is not None:
            self._privacy.check(self._columns)
        if not batch.loose:
            self._mapping.check_file(self._columns, str(self._source))
        refused = self._preset.refuse(batch.frame) if self._preset.refuse is not None else None
        good, bad = validate(
            batch.frame, self._mapping, self._schema, batch.rows, refused, self.cleared
        )
        if self._privacy is not None and bad.height:
            bad = self._kept(batch, bad[SOURCE_ROW], bad["reason"])
        self._good.append(good)
        self._bad.append(bad)
        if batch.malformed:
            rows, texts, faults = zip(*batch.malformed, strict=True)
            if self._privacy is not None:
                texts = (WITHHELD,) * len(rows)
            # No columns to speak of: the line itself is the row, as a JSON text.
            self._bad.append(
                pl.DataFrame(
                    {
                        SOURCE_ROW: pl.Series(rows, dtype=pl.Int64),
                        "reason": [f"{MALFORMED}: {fault}" for fault in faults],
                        "row": [orjson.dumps(text).decode() for text in texts],
                    }
                )
            )
        self.rows += batch.frame.height + len(batch.malformed)

    def finish(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the events in order, each once, and all bad rows."""
        if not self._good:
            return pl.DataFrame(), pl.DataFrame()
        if self._columns:
            self._mapping.check_file(self._columns, str(self._source))
        good = pl.concat(self._good)
        self._good = []
        if self._preset.arrange is not None:
            good = self._preset.arrange(good)
        if self._notice is not None:
            # Before times are moved, which hides what happened at once.
            self.noticed.update(self._notice(good))
        if self._privacy is not None:
            self.file_name = self._privacy.file_name(self._source.name, good)
            good = self._privacy.applied(good)
        events, repeated = first_of_each(good)
        if repeated.len():
            self._bad += self._again(repeated)
        return events, pl.concat(self._bad).sort(SOURCE_ROW)

    def _again(self, rows: pl.Series) -> list[pl.DataFrame]:
        """Read the file a second time for rows that proved to be duplicates only at the end."""
        batches = self._preset.read(self._source, self._mapping.delimiter)
        return [
            self._kept(batch, rows, DUPLICATE)
            for batch in batches
            if batch.rows.is_in(rows.implode()).any()
        ]

    def _kept(self, batch: RawBatch, rows: pl.Series, reason: pl.Series | str) -> pl.DataFrame:
        """Return some of a batch's rows as quarantine holds them."""
        here = batch.rows.is_in(rows.implode())
        raw = batch.frame.filter(here)
        raw = raw if self._privacy is None else self._privacy.concealed(raw)
        return bad_rows(raw, batch.rows.filter(here), reason)
