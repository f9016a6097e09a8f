"""What becomes of personal data when a file is imported.

A case's schema says which columns are personal. Where it has any:

- their values are replaced by pseudonyms, in the events and in quarantine;
- a file with columns that look like names, notes or dates of birth is refused, unless the mapping
  lists them under ``ignore``: then they are not read;
- quarantine keeps the mapping's own columns of a row and no others, no line that could not be
  taken apart, and no text that holds the row's original id or reads like a sentence;
- event ids in which the row's original id stands are replaced by pseudonyms as well;
- times are moved if that was asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from workbench.errors import ParameterError
from workbench.streams import values
from workbench.streams.schema import EVENT_ID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.streams.mapping import Mapping
    from workbench.streams.pseudonyms import Pseudonyms
    from workbench.streams.schema import Schema

WITHHELD = "(withheld)"
SMALLEST_GROUP = 5
"""So many people must stand behind what a report tells."""

REFUSED = frozenset(
    {"name", "names", "firstname", "lastname", "surname", "forename", "fullname", "nickname"}
    | {"initials", "birth", "birthdate", "birthday", "birthdatetime", "birthyear", "born", "dob"}
    | {"note", "notes", "comment", "comments", "remark", "remarks", "narrative", "freetext"}
    | {"text", "transcript", "address", "street", "postcode", "zipcode", "phone", "telephone"}
    | {"mobile", "fax", "email", "mail", "ssn", "passport"}
)
"""Words in the names of columns that hold what identifies a person, or free text that may."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_BETWEEN = r"[^\pL\pN]+"
_SENTENCE = r"\pL\S*\s+\S*\pL"
_LONGEST = 64


class Privacy:
    """Keeps personal data out of what is written.

    Parameters
    ----------
    schema
        The case's schema, with personal columns.
    mapping
        Where its columns come from.
    pseudonyms
        What replaces ids.
    shift
        Whether times are moved, by a constant for each routing entity.
    """

    def __init__(
        self, schema: Schema, mapping: Mapping, pseudonyms: Pseudonyms, *, shift: bool
    ) -> None:
        self._schema = schema
        self._mapping = mapping
        self._pseudonyms = pseudonyms
        self._shift = shift
        #: Personal columns that the mapping has, and where they come from.
        self._sources = {
            name: source
            for name in schema.personal
            if (source := mapping.columns.get(name)) is not None and source.column is not None
        }

    @property
    def origin(self) -> dict[str, object]:
        """What a stream's manifest says of it."""
        about: dict[str, object] = {
            "pseudonyms": {"by": "HMAC-SHA-256", "columns": list(self._schema.personal)}
        }
        return about | ({"times": "moved by a secret constant"} if self._shift else {})

    def check(self, columns: Iterable[str]) -> None:
        """Refuse columns that look like names, notes or dates of birth.

        Raises
        ------
        ParameterError
            If there are any that the mapping does not list under ``ignore``.
        """
        found = [
            name for name in columns if name not in self._mapping.ignore and words(name) & REFUSED
        ]
        if found:
            raise ParameterError.of(
                f"a file with the column(s) {', '.join(map(repr, found))}",
                allowed="a file without names, free text and dates of birth",
                hint="remove them from the file; if they hold nothing of that kind, or are not to "
                "be read, list them under `ignore` in a mapping",
            )

    def concealed(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Return raw rows as quarantine may hold them."""
        sources = self._mapping.columns.values()
        used = {*self._mapping.used, *(s.column for s in sources)}
        kept = [name for name in raw.columns if name in used]
        ids = {
            name: values.text(raw[source.column], whole=source.whole)
            for name, source in self._sources.items()
            if source.column in kept
        }
        hidden = {
            self._sources[name].column: self._pseudonyms.column(column, name)
            for name, column in ids.items()
        }
        columns = []
        for name in kept:
            column = hidden.get(name, raw[name])
            if name not in hidden and column.dtype == pl.String:
                told = column.str.contains(_SENTENCE) | (column.str.len_chars() > _LONGEST)
                for original in ids.values():
                    told |= holds(column, original)
                column = pl.select(
                    pl.when(told.fill_null(False)).then(pl.lit(WITHHELD)).otherwise(column)
                ).to_series()
            columns.append(column.alias(name))
        return pl.DataFrame(columns)

    def applied(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return good rows with pseudonyms in place of ids, and with times moved."""
        if self._mapping.event_id is not None and any(
            holds(rows[EVENT_ID], rows[name]).any() for name in self._sources
        ):
            rows = rows.with_columns(self._pseudonyms.column(rows[EVENT_ID]))
        if self._shift:
            rows = self._pseudonyms.shifted(rows, self._schema.routing)
        return rows.with_columns(self._pseudonyms.column(rows[name]) for name in self._sources)

    def file_name(self, name: str, rows: pl.DataFrame) -> str:
        """Return a file's name as a manifest may hold it: not if an original id stands in it."""
        for column in self._sources:
            ids = rows[column].drop_nulls().unique()
            if holds(pl.repeat(name, ids.len(), eager=True), ids).any():
                return WITHHELD
        return name


def words(name: str) -> set[str]:
    """Return the words of a column's name, in lower case.

    Examples
    --------
    >>> sorted(words("patientBirthDate"))
    ['birth', 'date', 'patient', 'patientbirthdate']
    """
    return {word.lower() for word in _WORD.findall(name)} | {name.lower()}


def holds(texts: pl.Series, ids: pl.Series) -> pl.Series:
    """Return where an id stands in the text of its row, whole, between signs that are neither.

    Examples
    --------
    >>> holds(pl.Series(["obs-p1-7", "p17"]), pl.Series(["p1", "p1"])).to_list()
    [True, False]
    """

    def spelled(column: pl.Series) -> pl.Series:
        return " " + column.str.to_lowercase().str.replace_all(_BETWEEN, " ") + " "

    both = pl.DataFrame({"text": spelled(texts), "id": spelled(ids)})
    return both.select(
        pl.col("text").str.contains(pl.col("id"), literal=True).fill_null(False)
    ).to_series()
