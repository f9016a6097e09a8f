"""HAProxy in front of a search engine: TLS, users, and for each the least rights.

The security plugins of both engines are not to be had from Maven. So the engine listens on a
loopback port that nobody is told, and HAProxy on the one for clients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.live.services.certificates import CHAIN
from workbench.live.services.kinds.base import program
from workbench.live.services.passwords import private
from workbench.live.services.processes import Launch
from workbench.live.services.search_rights import ADMIN, RIGHTS

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.live.services.state import Node, Service

PACKAGE = "haproxy"
#: Seconds for the longest request, and for a connection over which nothing is asked.
PATIENCE = 120
#: What clients are told when it is not the engine that answers; they read it as they read hers.
_ANSWERS = {
    401: ("security_exception", "no such user and password"),
    403: ("security_exception", "this user has no right to it"),
    503: ("no_engine", "the engine does not answer"),
}
_FIXED = f"""\
global
    log stdout format raw local0
    nbthread 1

defaults
    mode http
    log global
    option httplog
    option dontlog-normal
    timeout connect 5s
    timeout client {PATIENCE}s
    timeout server {PATIENCE}s
    timeout http-keep-alive {PATIENCE}s
    retries 0
"""


def require() -> None:
    """Look for the package's program."""
    program("haproxy", PACKAGE)


def prepare(service: Service, node: Node) -> None:
    """Write the configuration."""
    private(_file(node), _text(service, node))


def launch(node: Node) -> Launch:
    """Return its process."""
    return Launch((program("haproxy", PACKAGE), "-db", "-f", str(_file(node))))


def _file(node: Node) -> Path:
    return node.folder / "haproxy.cfg"


def _text(service: Service, node: Node) -> str:
    words = {user: service.passwords.of("search", user) for user in (ADMIN, *RIGHTS)}
    lines = [
        _FIXED,
        "userlist known",
        *(f"    user {user} insecure-password {word}" for user, word in words.items()),
        "",
        "frontend clients",
        f"    bind {node.at('client')} ssl crt {service.certificates / CHAIN} "
        "ssl-min-ver TLSv1.2 alpn http/1.1",
        *(f"    {_answer(status, *said)}" for status, said in _ANSWERS.items()),
        "    http-request auth realm search unless { http_auth(known) }",
        f"    http-request allow if {{ http_auth_user {ADMIN} }}",
        *(
            f"    http-request allow if {{ http_auth_user {user} }} "
            f"{{ method {' '.join(right.methods)} }} {{ path_reg '^{right.path}$' }}"
            for user, rights in RIGHTS.items()
            for right in rights
        ),
        "    http-request deny",
        "    default_backend engine",
        "",
        "backend engine",
        "    http-request del-header authorization",
        f"    server engine {node.at('inside')}",
    ]
    return "\n".join(lines) + "\n"


def _answer(status: int, kind: str, reason: str) -> str:
    said = f'{{"error":{{"type":"{kind}","reason":"{reason}"}},"status":{status}}}'
    return f"http-error status {status} content-type application/json string '{said}'"
