"""How a report can be made again: commands, hashes, versions."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import orjson

from workbench.project import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.replay.run import Run


#: What a notebook gives with the settings of the detector, and a command as options of its own.
_OWN = ("deliver", "seed")


@dataclass(frozen=True)
class Recipe:
    """What makes a report and its run again.

    Parameters
    ----------
    name
        The report's name.
    parameters
        The notebook's parameters; empty ones are left out.
    run
        The run that it is about.
    """

    name: str
    parameters: Mapping[str, Any]
    run: Run

    @property
    def commands(self) -> list[str]:
        """The command for the report, and those for the run and an artifact of it."""
        setup = self.run.setup
        path = shown(self.run.stream.path)
        given = {k: v for k, v in self.parameters.items() if v not in ("", {}, None)}
        report = ["workbench", "report", self.name, *_options(given)]
        replay = ["workbench", "replay", setup.case, "--stream", path]
        replay += ["--detector", setup.detector]
        for name, value in self.parameters.get("parameters", {}).items():
            replay += [f"--{name}", str(value)] if name in _OWN else _options({name: value})
        if self.run.label_delay is not None:
            replay += ["--label-delay", self.run.label_delay]
        out = shown(self.run.path)
        export = ["workbench", "export", out, "--out", f"artifacts/{self.name}"]
        return [shlex.join(words) for words in (report, [*replay, "--out", out], export)]

    @property
    def facts(self) -> dict[str, str]:
        """What the result depends on."""
        document = self.run.document
        versions = ", ".join(f"{name} {number}" for name, number in document["versions"].items())
        return {
            "stream": f"{shown(self.run.stream.path)}, hash {document['stream']['hash']}",
            "setup": f"{self.run.setup.detector}, digest {self.run.setup.digest}",
            "seed": str(document["seed"]),
            "versions": versions,
        }

    def __repr__(self) -> str:
        facts = [f"# {name}: {text}" for name, text in self.facts.items()]
        return "\n".join([*self.commands, *facts])

    def _repr_html_(self) -> str:
        lines = escape("\n".join(self.commands))
        rows = "".join(
            f'<tr style="background:none"><th style="padding-right:1.2em;text-align:left;'
            f'vertical-align:top;font-weight:normal;opacity:.65">{escape(name)}</th>'
            f'<td style="text-align:left;overflow-wrap:anywhere">{escape(text)}</td></tr>'
            for name, text in self.facts.items()
        )
        table = f'<table style="border-collapse:collapse;background:none">{rows}</table>'
        return f'<pre style="white-space:pre-wrap">{lines}</pre>{table}'


def _options(values: Mapping[str, Any]) -> list[str]:
    """Write values as ``-p`` options."""
    texts = {k: v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in values.items()}
    return [part for name, text in texts.items() for part in ("-p", f"{name}={text}")]
