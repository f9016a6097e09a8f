"""What is wrong with a search engine is told apart, in one paragraph, with exit code 2."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from workbench.cli import main
from workbench.live.services.certificates import make_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "s3cret-word"  # noqa: S105 - nobody's


@contextmanager
def answering(status: int, kind: str, tls: Path | None = None) -> Iterator[str]:
    """An engine that refuses everything: none of ours has users or certificates."""
    said = {"error": {"type": kind, "reason": "no", "root_cause": [{"reason": "no"}]}}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = orjson.dumps(said | {"status": status})
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST  # noqa: N815 - the server's own names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        scheme = "http"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls / "server.pem", tls / "server.key")
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"{scheme}://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


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


def test_a_wrong_password(told: Any) -> None:
    with answering(401, "security_exception") as address:
        said = told(address, search_user="reader", search_password=SECRET)

    assert said.startswith("the password of the user reader for the search engine")


def test_a_missing_right(told: Any) -> None:
    with answering(403, "security_exception") as address:
        said = told(address, search_user="reader", search_password=SECRET)

    assert "fraud-" in said
    assert "by the user reader" in said
    assert "a right is missing" in said


def test_an_engine_in_trouble(told: Any) -> None:
    with answering(503, "cluster_manager_not_discovered") as address:
        assert ": 503 cluster_manager_not_discovered: no)" in told(address)


def test_an_expired_certificate(told: Any, tmp_path: Path) -> None:
    authority = make_certificates(tmp_path, days=-1)
    with answering(200, "", tmp_path) as address:
        assert "(certificate has expired)" in told(address, search_ca=str(authority))


def test_a_certificate_of_an_unknown_authority(told: Any, tmp_path: Path) -> None:
    make_certificates(tmp_path / "one")
    other = make_certificates(tmp_path / "other")
    with answering(200, "", tmp_path / "one") as address:
        assert "the certificate of https://" in told(address, search_ca=str(other))


def test_an_authority_that_is_not_there(told: Any, tmp_path: Path) -> None:
    said = told("https://127.0.0.1:1", search_ca=str(tmp_path / "ca.pem"))

    assert "WORKBENCH_SEARCH_CA=" in said


def test_no_tls_where_it_is_expected(told: Any) -> None:
    with answering(200, "") as address:
        assert "TLS with https://" in told(address.replace("http:", "https:"))
