"""The commands that other programs call, and what their help says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import typer

from workbench.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTRACT = {
    "simulate": [
        "CASE", "--out", "--days", "--seed", "--scale", "--encrypt", "--key-file", "--json",
    ],
    "import": [
        "CASE", "FILE", "--out", "--preset", "--map", "--strict", "--key-file", "--shift-times",
        "--encrypt", "--json",
    ],
    "inspect": ["DIR", "--verify", "--json"],
    "replay": [
        "CASE", "--stream", "--detector", "-p", "--label-delay", "--deliver", "--from", "--until",
        "--seed", "--out", "--resume", "--json",
    ],
    "tune": [
        "CASE", "--stream", "--detector", "--trials", "--jobs", "--label-delay", "--deliver",
        "--seed", "--storage", "--out", "--resume", "--json",
    ],
    "compare": ["RUN", "RUN...", "--from", "--until", "--json"],
    "report": ["NAME", "-p", "--run", "--out", "--json"],
    "schedule run": ["--once"],
    "schedule list": ["--json"],
    "schedule crontab": [],
    "export": ["RUN", "--out", "--alert", "--json"],
    "verify": ["ARTIFACT", "--json"],
    "score": ["ARTIFACT", "--stream", "--out", "--learn", "--from", "--until", "--json"],
    "services up": ["[NAME]...", "--dir", "--brokers", "--nodes", "--secure", "--topics", "--json"],
    "services down": ["[NAME]...", "--dir", "--remove", "--json"],
    "services status": ["[NAME]...", "--dir", "--json"],
    "services env": ["[NAME]...", "--dir", "--as", "--json"],
    "services secrets": ["--dir", "--force"],
    "publish": [
        "CASE", "--stream", "--topics", "--partitions", "--speed", "--from", "--until",
        "--label-delay", "--metrics-port", "--log-level", "--json",
    ],
    "record": [
        "CASE", "--out", "--topics", "--until-idle", "--from", "--until", "--encrypt", "--key-file",
        "--metrics-port", "--log-level", "--json",
    ],
    "live": [
        "CASE", "--artifact", "--state", "--topics", "--lateness", "--until-idle",
        "--checkpoint-every", "--metrics-port", "--log-level",
    ],
    "relay alerts": ["CASE", "--topics", "--until-idle", "--metrics-port", "--log-level", "--json"],
    "relay index": [
        "CASE", "--topics", "--until-idle", "--keep", "--metrics-port", "--log-level", "--json",
    ],
    "desk CASE": ["CASE", "--database", "--until-idle", "--metrics-port", "--log-level", "--json"],
    "desk verdict": ["ALERT_ID", "--known-at", "--database", "--topics", "--json"],
    "desk alerts": ["--limit", "--database", "--json"],
    "search": [
        "CASE", "--entity", "--top", "--by-hour", "--most", "--from", "--until", "--topics",
        "--json",
    ],
    "reconcile": ["CASE", "--topics", "--from", "--until", "--repair", "--json"],
    "lab": [],
}  # fmt: skip


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its name."""
    for name, command in typer.main.get_command(app).commands.items():
        for inner, subcommand in getattr(command, "commands", {"": command}).items():
            yield f"{name} {inner}".strip(), subcommand


@pytest.mark.parametrize("command", CONTRACT)
def test_each_command_of_the_contract_explains_itself(
    workbench: Callable[..., Any], command: str
) -> None:
    done = workbench(*command.split(), "--help")

    assert (done.code, done.err) == (0, "")
    words = done.out.replace("{", " ").replace("}", " ").replace(",", " ").split()
    assert not [word for word in CONTRACT[command] if word not in words]


def test_there_is_no_command_beside_the_contract() -> None:
    assert {name for name, _ in commands()} == set(CONTRACT)


def test_there_is_no_option_beside_the_contract() -> None:
    beside = {
        f"{name} {option.opts[-1]}"
        for name, command in commands()
        for option in command.params
        if option.param_type_name == "option" and not {*option.opts} & {*CONTRACT[name]}
    }
    assert not beside


def test_every_option_says_what_it_does_and_its_default() -> None:
    for name, command in commands():
        for option in command.params:
            assert option.help, f"{name} {option.name}"
            stated = option.required or option.show_default or option.default is not None
            assert stated, f"{name} {option.name}"


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_the_help_lists_the_commands_in_the_order_of_their_use(
    workbench: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    done = workbench(*arguments)

    listed = done.out.partition("Commands:\n")[2].split("\n")
    assert done.code == 0
    assert [line.split()[0] for line in listed if line][:3] == ["simulate", "import", "inspect"]


def test_no_summary_is_cut_short(workbench: Callable[..., Any]) -> None:
    assert "..." not in workbench("--help").out.partition("Commands:\n")[2]


def test_the_version_is_one_line(workbench: Callable[..., Any]) -> None:
    assert workbench("--version").out.startswith("workbench ")
