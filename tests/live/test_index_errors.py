"""What is wrong with a search engine is told apart, in one paragraph, with exit code 2."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from servers import until

from workbench.cli import main
from workbench.errors import ServiceError
from workbench.live.services import Service, ports
from workbench.live.services.certificates import make_certificates
from workbench.live.services.kinds import guard
from workbench.live.services.passwords import FILE, Passwords
from workbench.live.services.processes import start, stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "s3cret-word"  # noqa: S105 - nobody's


@contextmanager
def guarded(folder: Path, days: float = 1) -> Iterator[dict[str, str]]:
    """What guards an engine, without one; yields its address, authority and a user of it."""
    words = Passwords.make(folder / FILE)
    authority = make_certificates(folder / "tls", days=days)
    numbers = dict(zip(("client", "inside"), ports.free(2), strict=True))
    service = Service.laid_out(
        "opensearch", folder / "opensearch", secure=True, count=1, ports=[numbers]
    )
    (node,) = service.nodes
    node.folder.mkdir(parents=True)
    try:
        guard.prepare(service, node)
        running = start(guard.launch(node), node.folder, node.log)
    except ServiceError as error:
        pytest.skip(str(error))
    try:
        until(lambda: ports.listening(node.ports["client"]))
        yield {
            "search": f"https://{node.at('client')}",
            "search_ca": str(authority),
            "search_user": "elastic",
            "search_password": words.of("search", "elastic"),
        }
    finally:
        stop([running])


@pytest.fixture(scope="module")
def guards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with guarded(tmp_path_factory.mktemp("guard")) as found:
        yield found


COMMANDS = {"search": ("search", "fraud", "--top", "1"), "relay": ("relay", "index", "fraud")}


@pytest.fixture(params=COMMANDS)
def told(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Search, or fill the index, with some settings; return the one paragraph that it said."""

    def ask(search: str, **others: str) -> str:
        monkeypatch.delenv("WORKBENCH_SETTINGS", raising=False)
        for name, value in {"search": search, **others}.items():
            monkeypatch.setenv(f"WORKBENCH_{name.upper()}", value)
        code = main(COMMANDS[request.param])
        captured = capsys.readouterr()
        assert (code, captured.out) == (2, "")
        assert captured.err.count("\n") == 1
        assert SECRET not in captured.err
        return captured.err

    return ask


def test_no_address(told: Any) -> None:
    assert "WORKBENCH_SEARCH, which is not set" in told("")


def test_an_address_that_is_none(told: Any) -> None:
    assert "allowed is http(s)://host:port" in told("127.0.0.1:9200")


def test_an_unknown_host(told: Any) -> None:
    assert "the host in http://nowhere.invalid:9200, which is unknown" in told(
        "http://nowhere.invalid:9200"
    )


def test_a_port_where_nothing_listens(told: Any) -> None:
    assert "where no search engine answers (Connection refused)" in told("http://127.0.0.1:1")


@pytest.mark.parametrize(("user", "word"), [("elastic", SECRET), ("nobody", SECRET), ("", "")])
def test_a_wrong_password(told: Any, guards: dict[str, str], user: str, word: str) -> None:
    said = told(**guards | {"search_user": user, "search_password": word})

    assert said.startswith(f"the password of the user {user or '(none)'} for the search engine")


def test_an_engine_that_is_down_behind_its_guard(told: Any, guards: dict[str, str]) -> None:
    assert ": 503 no_engine: the engine does not answer)" in told(**guards)


def test_an_expired_certificate(told: Any, tmp_path: Path) -> None:
    with guarded(tmp_path, days=-1) as found:
        assert "(certificate has expired)" in told(**found)


def test_a_certificate_of_an_unknown_authority(
    told: Any, guards: dict[str, str], tmp_path: Path
) -> None:
    said = told(**guards | {"search_ca": str(make_certificates(tmp_path))})

    assert f"the certificate of {guards['search']}" in said


def test_a_name_that_the_certificate_is_not_for(told: Any, guards: dict[str, str]) -> None:
    # The same address in another spelling, which is a name for TLS.
    other = guards["search"].replace("127.0.0.1", "127.1")

    assert f"the certificate of {other} (Hostname mismatch" in told(**guards | {"search": other})


def test_no_tls_where_it_is_spoken(told: Any, guards: dict[str, str]) -> None:
    said = told(**guards | {"search": guards["search"].replace("https:", "http:")})

    assert "where no search engine answers" in said


def test_an_authority_that_is_not_there(told: Any, tmp_path: Path) -> None:
    said = told("https://127.0.0.1:1", search_ca=str(tmp_path / "ca.pem"))

    assert "WORKBENCH_SEARCH_CA=" in said


class Plain(BaseHTTPRequestHandler):
    """Speaks HTTP alone, and keeps what it hears to itself."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_no_tls_where_it_is_expected(told: Any) -> None:
    with HTTPServer(("127.0.0.1", 0), Plain) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        said = told(f"https://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()

    assert "TLS with https://" in said
