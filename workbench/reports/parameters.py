"""What a notebook takes: the names, types and defaults of its ``parameters`` cell.

Papermill only warns of a parameter that the notebook does not have, and of a wrong type it does
not know. Here both are errors, before anything runs.
"""

from __future__ import annotations

import ast
import json
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbformat import NotebookNode

TAG: Final = "parameters"
SECRET: Final = ("*key*", "*password*", "*passwd*", "*secret*", "*token*", "*credential*")
_WORDS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read(notebook: NotebookNode) -> dict[str, Any]:
    """Return the parameters of a notebook with their defaults.

    Parameters
    ----------
    notebook
        A notebook. Its parameters are the plain values that the cell with the tag
        ``parameters`` assigns; it may have none.

    Returns
    -------
    dict
        Name to default.
    """
    found: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and TAG in cell.metadata.get("tags", []):
            for name, value in _assignments(cell.source):
                try:
                    found[name] = ast.literal_eval(value)
                except ValueError:
                    # An expression: papermill may replace it, but there is no type to check.
                    found[name] = None
    return found


def check(given: Mapping[str, Any], defaults: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """Return what was given, converted to the types of the defaults.

    Text becomes what its default is: a number, ``true`` or ``false``, or JSON for a list or a
    dictionary. ``name.key`` sets one key of a dictionary. A default of ``None`` takes anything.

    Parameters
    ----------
    given
        Values by name, as text from a command or as Python values.
    defaults
        What :func:`read` returned.
    owner
        Whose parameters these are, for messages.

    Raises
    ------
    ParameterError
        If a parameter is unknown, of the wrong type, or looks like a secret.

    Examples
    --------
    >>> check({"budget": "50", "parameters.lr": 0.1}, {"budget": 100, "parameters": {}}, "fraud")
    {'budget': 50, 'parameters': {'lr': 0.1}}
    >>> check({"bugdet": 50}, {"budget": 100}, "the report fraud")
    Traceback (most recent call last):
    ...
    workbench.errors.ParameterError: the parameter 'bugdet' of the report fraud cannot be used:
    allowed is budget = 100; correct the name, or add it to the notebook's parameters cell.
    """
    checked: dict[str, Any] = {}
    for full, value in given.items():
        _refuse_secrets(full, value)
        name, _, key = full.partition(".")
        if name not in defaults or (key and not isinstance(defaults[name], dict)):
            allowed = ", ".join(f"{k} = {v!r}" for k, v in defaults.items())
            raise ParameterError.of(
                f"the parameter {full!r} of {owner}",
                allowed=allowed or "nothing: its notebook has no cell tagged 'parameters'",
                hint="correct the name, or add it to the notebook's parameters cell",
            )
        if key:
            checked.setdefault(name, dict(defaults[name]))[key] = _parsed(value)
        else:
            checked[name] = _typed(full, value, defaults[name], owner)
    return checked


def _assignments(source: str) -> Iterator[tuple[str, ast.expr]]:
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        elif isinstance(statement, ast.Assign):
            targets, value = list(statement.targets), statement.value  # type: ignore[arg-type] # narrowed to names below
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, value


def _typed(name: str, value: Any, default: Any, owner: str) -> Any:
    wanted = type(default)
    if default is None or (wanted is float and type(value) is int) or type(value) is wanted:
        return float(value) if wanted is float else value
    if isinstance(value, str):
        converted = _converted(value, wanted)
        if converted is not None:
            return converted
    raise ParameterError.of(
        f"{name}={value!r} of {owner}",
        allowed=f"a value like the default {default!r} ({wanted.__name__})",
        hint="correct the value, or leave it out for the default",
    )


def _converted(text: str, wanted: type) -> Any:
    """Return text as a value of a type, ``None`` if it is none."""
    if wanted is bool:
        return _WORDS.get(text.lower())
    try:
        value = wanted(text) if wanted in (int, float) else _parsed(text)
    except ValueError:
        return None
    return value if isinstance(value, wanted) else None


def _parsed(value: Any) -> Any:
    """Return JSON text as what it says, anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _refuse_secrets(name: str, value: Any) -> None:
    names = [name, *(value if isinstance(value, dict) else ())]
    for each in names:
        if any(fnmatch(str(each).lower(), pattern) for pattern in SECRET):
            raise ParameterError.of(
                f"the parameter {each!r}",
                allowed="a parameter that may be read by everybody who gets the report",
                hint="a report shows its parameters: give secrets in the environment instead",
            )
