"""A mapping says which column becomes what; a mistake in it is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.cases.fraud.presets import HANDBOOK
from workbench.cases.fraud.schema import SCHEMA
from workbench.errors import ParameterError, StreamError
from workbench.streams import mapping as module
from workbench.streams.mapping import Mapping

if TYPE_CHECKING:
    from pathlib import Path

SMALL = """
event_time = "booked"
[columns]
card = "pan"
terminal = "shop"
amount = { column = "chf", scale = 100 }
"""


def load(tmp_path: Path, text: str) -> Mapping:
    path = tmp_path / "map.toml"
    path.write_text(text, "utf-8")
    return Mapping.load(path)


def test_the_example_in_the_documentation_is_read(tmp_path: Path) -> None:
    documentation = module.__doc__ or ""
    example = documentation.partition("::\n")[2].partition("\nRules.")[0]
    mapping = load(tmp_path, "\n".join(line[4:] for line in example.splitlines()))
    mapping.check(SCHEMA)
    assert mapping.event_time.zone == "Europe/Zurich"
    assert mapping.columns["amount"].scale == 100
    assert mapping.label is not None
    assert mapping.label.known_at is not None
    assert mapping.pattern is not None


def test_a_name_alone_is_short_for_a_column(tmp_path: Path) -> None:
    mapping = load(tmp_path, SMALL)
    assert mapping.event_time.column == "booked"
    assert mapping.event_time.format == "iso"
    assert mapping.columns["card"].column == "pan"
    assert mapping.event_id is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("event_time = ", "Invalid value"),
        ("[columns]\ncard = 'pan'", "event_time: Field required"),
        (SMALL + "colour = 1\n", r"columns\.colour"),
        ("surprise = 1\n" + SMALL, "surprise: Extra inputs are not permitted"),
        (SMALL.replace("scale = 100", "scale = 0"), r"columns\.amount\.scale"),
        (SMALL.replace('"pan"', "{ scale = 2 }"), r"columns\.card: .*one of column and value"),
        (SMALL.replace('"pan"', '{ column = "pan", value = "A" }'), "one of column and value"),
        ("delimiter = ';;'\n" + SMALL, "delimiter"),
        (SMALL + "[label]\npositive = [1]", r"label\.column: Field required"),
        (
            SMALL.replace('"booked"', '{ column = "booked", zone = "Mars/Base" }'),
            r"event_time\.zone: .*no IANA time zone",
        ),
        (
            SMALL.replace('"booked"', '{ column = "booked", format = "epoch" }'),
            r"event_time\.format: .*neither iso, unix_s",
        ),
        (
            SMALL.replace('"booked"', '{ column = "booked", format = "%Y %H" }'),
            r"event_time\.format: .*hour and minute",
        ),
    ],
)
def test_a_mistake_is_named_in_one_paragraph(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        load(tmp_path, text)
    assert "map.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"none\.toml.*No such file"):
        Mapping.load(tmp_path / "none.toml")


def test_it_must_name_every_required_column_of_the_case(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="lacks terminal"):
        load(tmp_path, SMALL.replace('terminal = "shop"', "")).check(SCHEMA)
    with pytest.raises(ParameterError, match="unknown colour"):
        load(tmp_path, SMALL + 'colour = "c"').check(SCHEMA)


def test_columns_that_the_file_lacks_are_named(tmp_path: Path) -> None:
    with pytest.raises(StreamError, match=r"no column 'shop', 'chf'; it has booked, pan\b"):
        load(tmp_path, SMALL).check_file(["booked", "pan"], "here")


def test_columns_that_nobody_named_are_unknown(tmp_path: Path) -> None:
    mapping = load(tmp_path, 'ignore = ["note"]\n' + SMALL)
    assert mapping.unknown(["booked", "pan", "shop", "chf", "note", "extra"]) == ("extra",)


def test_what_is_constant_needs_no_column_and_what_is_optional_may_be_absent(
    tmp_path: Path,
) -> None:
    text = SMALL.replace('"pan"', '{ value = "A" }') + 'area = { column = "town", optional = true }'
    mapping = load(tmp_path, text)
    mapping.check(SCHEMA)
    mapping.check_file(["booked", "shop", "chf"], "here")
    assert mapping.unknown(["booked", "shop", "chf", "town", "pan"]) == ("pan",)


def test_the_handbook_preset_fits_the_case() -> None:
    HANDBOOK.check(SCHEMA)
    assert "TX_FRAUD_SCENARIO" not in HANDBOOK.used
    assert HANDBOOK.unknown(["TX_FRAUD_SCENARIO", "TX_TIME_DAYS", "NEW"]) == ("NEW",)
