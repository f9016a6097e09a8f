"""Servers for a notebook: up and known, gone without a trace, or how to get them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import workbench as wb
from workbench.errors import ParameterError, ServiceError
from workbench.live.services.kinds import kind
from workbench.live.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server


def test_a_server_is_up_and_known_and_then_gone(
    redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_REDIS", "redis://elsewhere:1/0")
    with wb.live.servers("redis") as servers:
        assert servers
        assert str(servers) == "redis: up"
        assert Settings.load().redis.startswith("redis://127.0.0.1:")
        folder = servers.services.folder
        assert (folder / "redis").is_dir()

    assert os.environ["WORKBENCH_REDIS"] == "redis://elsewhere:1/0"
    assert not folder.exists()


def test_what_lies_in_a_named_folder_stays(redis: Server, tmp_path: Path) -> None:
    with wb.live.servers("redis", folder=tmp_path) as servers:
        pid = servers.services.pid("redis")

    assert (tmp_path / "redis").is_dir()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_cannot_be_had_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def require() -> None:
        raise ServiceError("redis-server <is> not here: apt-get install redis-server")

    monkeypatch.setattr(kind("redis"), "require", require, raising=False)
    servers = wb.live.servers("redis")

    assert not servers
    assert "apt-get install redis-server" in str(servers)
    assert "&lt;is&gt;" in servers._repr_html_()
    assert not servers.services.folder.exists()


def test_an_unknown_server_is_refused() -> None:
    with pytest.raises(ParameterError, match="radis"):
        wb.live.servers("radis")
