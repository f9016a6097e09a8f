"""Declared features as plain data, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from workbench.errors import ArtifactError
from workbench.features.program import WORDS
from workbench.features.vocabulary import Feature

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = {kind.__name__: kind for kind in WORDS}


def to_data(features: Sequence[Feature]) -> list[dict[str, Any]]:
    """Return declarations as plain data.

    Examples
    --------
    >>> from workbench.features.vocabulary import Count
    >>> to_data([Count("card", "1d", name="daily", doc="a day")])
    [{'kind': 'Count', 'name': 'daily', 'doc': 'a day', 'by': 'card', 'window': '1d'}]
    """
    return [_one(feature) for feature in features]


def _one(feature: Feature) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": type(feature).__name__}
    for field in fields(feature):
        data[field.name] = _plain(getattr(feature, field.name))
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return _one(value) if isinstance(value, Feature) else value


def from_data(data: Sequence[dict[str, Any]]) -> tuple[Feature, ...]:
    """Return the declarations behind plain data.

    Raises
    ------
    ArtifactError
        If a kind of feature or one of its fields is not in the vocabulary.
    """
    return tuple(_feature(item) for item in data)


def _feature(item: dict[str, Any]) -> Feature:
    kind = _KINDS.get(item.get("kind", ""))
    if kind is None:
        raise ArtifactError.of(
            f"the feature kind {item.get('kind')!r}",
            allowed=", ".join(_KINDS),
            hint="use the version of the workbench that wrote it",
        )
    arguments = {key: _restored(value) for key, value in item.items() if key != "kind"}
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ArtifactError.of(
            f"the declaration {item!r}",
            allowed=f"the fields of {kind.__name__}",
            hint="use the version of the workbench that wrote it",
        ) from error


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_restored(part) for part in value)
    return _feature(value) if isinstance(value, dict) else value
