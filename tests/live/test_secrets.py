"""Passwords and certificates: random, for their owner alone, and never shown."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from workbench.cli import main
from workbench.errors import ParameterError
from workbench.live.services.certificates import make_certificates
from workbench.live.services.passwords import PRINCIPALS, Passwords

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_only_their_owner_can_read_passwords(tmp_path: Path) -> None:
    Passwords.make(tmp_path / "secrets.env")

    assert mode(tmp_path / "secrets.env") == "0o600"


def test_passwords_are_read_as_they_were_made(tmp_path: Path) -> None:
    made = Passwords.make(tmp_path / "secrets.env")
    read = Passwords.read(tmp_path / "secrets.env")

    assert {read.of("kafka", who) for who in PRINCIPALS} == {
        made.of("kafka", who) for who in PRINCIPALS
    }


def test_no_two_passwords_are_the_same(tmp_path: Path) -> None:
    made = [Passwords.make(tmp_path / name) for name in ("first", "second")]

    words = [passwords.of("kafka", who) for passwords in made for who in PRINCIPALS]
    assert len(set(words)) == 2 * len(PRINCIPALS)


def test_passwords_are_not_shown(tmp_path: Path) -> None:
    made = Passwords.make(tmp_path / "secrets.env")

    assert made.of("kafka", "worker") not in f"{made!r} {made}"


def test_passwords_that_servers_know_are_replaced_only_by_force(tmp_path: Path) -> None:
    before = Passwords.make(tmp_path / "secrets.env").of("kafka", "worker")

    with pytest.raises(ParameterError, match=r"which exists.*--force"):
        Passwords.make(tmp_path / "secrets.env")
    assert Passwords.read(tmp_path / "secrets.env").of("kafka", "worker") == before

    after = Passwords.make(tmp_path / "secrets.env", force=True)
    assert after.of("kafka", "worker") != before


def test_who_is_nobody_has_no_password(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"'mallory' as a user of kafka.*publisher"):
        Passwords.make(tmp_path / "secrets.env").of("kafka", "mallory")


def test_the_command_writes_for_docker_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "compose.yaml").touch()
    monkeypatch.chdir(tmp_path)

    assert main(["services", "secrets"]) == 0

    said = capsys.readouterr()
    written = [tmp_path / ".env", tmp_path / "build" / "services" / "secrets.env"]
    assert [mode(path) for path in written] == ["0o600", "0o600"]
    words = [Passwords.read(path).of("kafka", "admin") for path in written]
    assert words[0] == words[1]
    assert words[0] not in said.out + said.err
    assert main(["services", "secrets"]) == 2
    assert main(["services", "secrets", "--force"]) == 0


def test_servers_here_and_in_docker_have_the_same_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "compose.yaml").touch()
    monkeypatch.chdir(tmp_path)
    before = Passwords.make(tmp_path / "build" / "services" / "secrets.env")

    assert main(["services", "secrets"]) == 0

    assert capsys.readouterr().out.split() == [".env", str(tmp_path / ".env")]
    assert Passwords.read(tmp_path / ".env").of("redis", "workbench") == before.of(
        "redis", "workbench"
    )


def greeting(folder: Path, name: str) -> str:
    """Return the TLS version that a client who trusts ``ca.pem`` agrees on with a server."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    trusting = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=_serve, args=(listener, context))
        serving.start()
        try:
            with (
                socket.create_connection(listener.getsockname(), timeout=10) as plain,
                trusting.wrap_socket(plain, server_hostname=name) as encrypted,
            ):
                return str(encrypted.version())
        finally:
            serving.join()


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    plain, _ = listener.accept()
    with plain:
        try:
            context.wrap_socket(plain, server_side=True).close()
        except OSError:
            return  # the client went away, and says why itself


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_clients_trust_a_server_on_this_machine(tmp_path: Path, name: str) -> None:
    make_certificates(tmp_path)

    assert greeting(tmp_path, name) == "TLSv1.3"


def test_clients_trust_no_server_of_another_name(tmp_path: Path) -> None:
    make_certificates(tmp_path)

    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for 'elsewhere'"):
        greeting(tmp_path, "elsewhere")


def test_clients_do_not_trust_an_expired_certificate(tmp_path: Path) -> None:
    make_certificates(tmp_path, days=-1)

    with pytest.raises(ssl.SSLCertVerificationError, match="has expired"):
        greeting(tmp_path, "localhost")


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    make_certificates(tmp_path)

    assert [mode(tmp_path / name) for name in ("server.key", "kafka.pem")] == ["0o600", "0o600"]


def test_certificates_that_are_valid_are_kept(tmp_path: Path) -> None:
    first = make_certificates(tmp_path).read_bytes()

    assert make_certificates(tmp_path).read_bytes() == first


def test_certificates_that_expired_are_made_anew(tmp_path: Path) -> None:
    expired = make_certificates(tmp_path, days=-1).read_bytes()

    assert make_certificates(tmp_path).read_bytes() != expired
    assert greeting(tmp_path, "localhost") == "TLSv1.3"
