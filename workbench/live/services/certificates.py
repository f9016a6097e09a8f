"""Certificates for servers on this machine, signed by an authority of the project's own."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workbench.live.services.passwords import private

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, ExtensionType, KeyUsage, Name

DAYS = 365
#: A certificate that has less left than this is made anew.
LEFT = timedelta(days=1)
CA, SERVER, KEY, CHAIN = "ca.pem", "server.pem", "server.key", "kafka.pem"


def make_certificates(folder: Path, days: float = DAYS) -> Path:
    """Make an authority, and a server's certificate for ``localhost`` and ``127.0.0.1``.

    What is there and still valid is kept.

    Parameters
    ----------
    folder
        Gets ``ca.pem`` for clients; ``server.pem`` and ``server.key``, and both in one file with
        the authority, ``kafka.pem``, for servers. The authority's own key is not kept.
    days
        How long they are valid; a negative number makes some that expired so many days ago.

    Returns
    -------
    Path
        ``ca.pem``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> make_certificates(Path(tempfile.mkdtemp())).name
    'ca.pem'
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    if days > 0 and _valid(folder / SERVER):
        return folder / CA
    folder.mkdir(parents=True, exist_ok=True)
    end = datetime.now(UTC) + timedelta(days=days)
    key_of_ca = ec.generate_private_key(ec.SECP256R1())
    ca = _authority(key_of_ca, end)
    key = ec.generate_private_key(ec.SECP256R1())
    server = _server(key, ca, key_of_ca, end)
    private(folder / KEY, _pem(key))
    private(folder / CHAIN, _pem(key) + _text(server) + _text(ca))
    (folder / SERVER).write_text(_text(server))
    (folder / CA).write_text(_text(ca))
    return folder / CA


def _authority(key: EllipticCurvePrivateKey, end: datetime) -> Certificate:
    from cryptography import x509

    name = _name("workbench services")
    return _signed(
        name,
        name,
        key,
        key,
        end,
        [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (_usage("key_cert_sign", "crl_sign"), True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        ],
    )


def _server(
    key: EllipticCurvePrivateKey,
    ca: Certificate,
    key_of_ca: EllipticCurvePrivateKey,
    end: datetime,
) -> Certificate:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID as Use

    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(key_of_ca.public_key())
    return _signed(
        _name("localhost"),
        ca.subject,
        key,
        key_of_ca,
        end,
        [
            (x509.SubjectAlternativeName(names), False),
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage("digital_signature"), True),
            # Brokers are each other's clients.
            (x509.ExtendedKeyUsage([Use.SERVER_AUTH, Use.CLIENT_AUTH]), False),
            (signer, False),
        ],
    )


def _signed(
    subject: Name,
    issuer: Name,
    key: EllipticCurvePrivateKey,
    signing: EllipticCurvePrivateKey,
    end: datetime,
    extensions: list[tuple[ExtensionType, bool]],
) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(datetime.now(UTC), end) - timedelta(days=1))
        .not_valid_after(end)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signing, hashes.SHA256())


def _name(common: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*allowed: str) -> KeyUsage:
    from cryptography import x509

    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in allowed for name in every})


def _pem(key: EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives import serialization as form

    # PKCS#8 is the one form that Kafka reads.
    return key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    ).decode()


def _text(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def _valid(path: Path) -> bool:
    from cryptography import x509

    if not path.exists():
        return False
    found = x509.load_pem_x509_certificate(path.read_bytes())
    return found.not_valid_after_utc - datetime.now(UTC) > LEFT
