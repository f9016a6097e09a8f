"""Parts of a stream encrypted at rest, with AES-256 in Galois/Counter Mode (NIST SP 800-38D).

Each stream has a key of its own, derived from the secret and a random salt that its manifest
holds. Each file has a random nonce, and its name is authenticated with it: no part can be changed,
or put in another's place, without being noticed. A file is the 12 bytes of the nonce, the
encrypted bytes, and the 16 of the authentication tag; its name ends in ``.aes``.
"""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from workbench.errors import ParameterError, StreamError
from workbench.streams.secret import KEY, KEY_FILE, find_secret, need_secret

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.streams.secret import Secret

SUFFIX = ".aes"
_NONCE = 12


class Encryption(BaseModel):
    """What a manifest says of how a stream's parts are encrypted.

    Parameters
    ----------
    cipher
        ``AES-256-GCM``.
    salt
        What the stream's key is derived with, hexadecimal.
    check
        Tells a wrong key from a damaged file, and nothing of the key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cipher: Literal["AES-256-GCM"] = "AES-256-GCM"
    salt: str = Field(pattern=r"^[0-9a-f]{32}$")
    check: str = Field(pattern=r"^[0-9a-f]{32}$")


class Cipher:
    """Encrypts and decrypts the files of one stream.

    Parameters
    ----------
    secret
        What the key is derived from.
    salt
        16 bytes, the stream's own; random if not given.

    Examples
    --------
    >>> from workbench.streams.secret import Secret
    >>> cipher = Cipher(Secret(b"an example"))
    >>> sealed = cipher.encrypt("events-00000.parquet.aes", b"a part")
    >>> cipher.decrypt("events-00000.parquet.aes", sealed)
    b'a part'
    """

    def __init__(self, secret: Secret, salt: bytes | None = None) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        salt = os.urandom(16) if salt is None else salt
        self._aes = AESGCM(secret.derive("encrypted stream", salt))
        #: For the stream's manifest.
        self.about = Encryption(
            salt=salt.hex(), check=secret.derive("check of the key", salt).hex()[:32]
        )

    @classmethod
    def of(cls, about: Encryption, folder: Path, key_file: Path | None = None) -> Self:
        """Return the cipher of a stream that is there.

        Parameters
        ----------
        about
            What the stream's manifest says.
        folder
            Where it is, for messages.
        key_file
            File with the key; that of the environment if not given.

        Raises
        ------
        StreamError
            If there is no key, or another than that of the stream.
        """
        try:
            secret = find_secret(key_file)
        except ParameterError as error:
            raise StreamError(f"{folder} is encrypted, and {error}") from None
        if secret is None:
            raise StreamError.of(
                f"{folder}, which is encrypted, without a key",
                allowed=f"the key that it was written with, as {KEY}",
                hint=f"set that variable, or {KEY_FILE} to the name of a file with the key",
            )
        cipher = cls(secret, bytes.fromhex(about.salt))
        if not hmac.compare_digest(cipher.about.check, about.check):
            raise StreamError.of(
                f"{folder} with a wrong key",
                allowed="the key that the stream was written with",
                hint=f"set {KEY} to that key; without it nobody can read the stream",
            )
        return cipher

    def encrypt(self, name: str, content: bytes) -> bytes:
        """Return the bytes of the file of that name."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aes.encrypt(nonce, content, name.encode())

    def decrypt(self, name: str, sealed: bytes) -> bytes:
        """Return the content of the file of that name.

        Raises
        ------
        StreamError
            If the file was changed, or is another one.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._aes.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
        except (InvalidTag, ValueError):
            raise StreamError.of(
                f"{name} (changed, truncated, or another file under its name)",
                allowed="the file as it was written",
                hint="restore it from a copy, or import the stream again",
            ) from None

    def read(self, path: Path) -> bytes:
        """Return the content of an encrypted file.

        Raises
        ------
        StreamError
            As :meth:`decrypt`, or if the file cannot be read.
        """
        try:
            sealed = path.read_bytes()
        except OSError as error:
            raise StreamError.of(
                f"{path} ({error.strerror})",
                allowed="a file that can be read",
                hint="check its rights, or restore it from a copy",
            ) from None
        return self.decrypt(path.name, sealed)


def new_cipher(key_file: Path | None) -> Cipher:
    """Return the cipher of a stream to be written.

    Raises
    ------
    ParameterError
        If there is no key.
    """
    return Cipher(need_secret(key_file, "--encrypt"))
