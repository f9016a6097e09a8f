"""The secret from which the keys of pseudonyms, shifted times and encryption are derived.

It is given as the environment variable ``WORKBENCH_PSEUDONYM_KEY``, or as a file that only its
owner may read: ``--key-file``, or ``WORKBENCH_PSEUDONYM_KEY_FILE`` where a command has no such
option. It is never written anywhere and never shown.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from pathlib import Path
from typing import NoReturn

from workbench.errors import ParameterError

KEY = "WORKBENCH_PSEUDONYM_KEY"
KEY_FILE = "WORKBENCH_PSEUDONYM_KEY_FILE"
SHORT = 16
"""Below this many bytes a secret can be guessed, and the ids with it."""

_MAKE = "python -c 'import secrets; print(secrets.token_hex(32))'"
HOW = (
    f"make one with `(umask 077; {_MAKE} > FILE)` and keep it apart from the data, then give "
    f"--key-file FILE, or its content as {KEY}"
)
"""How to make a key, for messages."""


class Secret:
    """A secret that shows itself nowhere: not in a repr, a log, an error or a copy.

    Parameters
    ----------
    value
        Its bytes.

    Examples
    --------
    >>> secret = Secret(b"never shown")
    >>> secret
    <Secret>
    >>> secret.derive("pseudonyms") == secret.derive("times")
    False
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    @property
    def short(self) -> bool:
        """Whether it is short enough to be guessed."""
        return len(self._value) < SHORT

    def derive(self, purpose: str, salt: bytes = b"") -> bytes:
        """Return a key of 32 bytes for one purpose: HKDF with SHA-256 (RFC 5869).

        Keys of different purposes or salts tell nothing of each other, or of the secret.
        """
        pseudorandom = hmac.digest(salt or bytes(32), self._value, hashlib.sha256)
        return hmac.digest(pseudorandom, f"workbench {purpose}".encode() + b"\x01", hashlib.sha256)

    def __repr__(self) -> str:
        return "<Secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def find_secret(key_file: Path | None = None) -> Secret | None:
    """Return the secret that a file or the environment holds; ``None`` where there is none.

    Parameters
    ----------
    key_file
        Comes before the environment.

    Raises
    ------
    ParameterError
        If the file cannot be read, others than its owner may read it, or it is empty.
    """
    named = key_file or (Path(os.environ[KEY_FILE]) if os.environ.get(KEY_FILE) else None)
    if key_file is None and (value := os.environ.get(KEY, "").strip()):
        return Secret(value.encode())
    return None if named is None else _read(named)


def need_secret(key_file: Path | None, what: str) -> Secret:
    """Return the secret, or say that ``what`` needs one and how to make it.

    Raises
    ------
    ParameterError
        If there is none, or it cannot be used.
    """
    secret = find_secret(key_file)
    if secret is None:
        raise ParameterError.of(
            f"{what} without a key",
            allowed=f"the environment variable {KEY}, or --key-file FILE",
            hint=HOW,
        )
    return secret


def _read(path: Path) -> Secret:
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise _unusable(path, "it is no file", "give a file with a key in it")
            if about.st_mode & 0o077 or about.st_uid != os.geteuid():
                raise _unusable(
                    path,
                    f"others may use it: {stat.filemode(about.st_mode)}, of user {about.st_uid}",
                    f"give it rights of its owner only, with `chmod 600 {path}`, as that user",
                )
            value = file.read(4096).strip()
    except OSError as error:
        raise _unusable(path, error.strerror or "it cannot be read", HOW) from None
    if not value:
        raise _unusable(path, "it is empty", HOW)
    return Secret(value)


def _unusable(path: Path, reason: str, hint: str) -> ParameterError:
    return ParameterError.of(
        f"the key file {path} ({reason})",
        allowed="a file with a key in it, which only its owner may read and write",
        hint=hint,
    )
