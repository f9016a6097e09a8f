"""Where brokers and servers are, and as whom: settings from the environment or a file.

Every setting is an environment variable with the prefix ``WORKBENCH_``, as
``workbench services env`` prints them, or a line ``WORKBENCH_…=value`` in the file that
``WORKBENCH_SETTINGS`` names, which only its owner may read. The environment counts before the
file. Secrets are never part of a URL, a command line, a log or a ``repr``.
"""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path
from typing import Self

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from workbench.errors import ParameterError

PREFIX = "WORKBENCH_"
FILE = f"{PREFIX}SETTINGS"


class Settings(BaseSettings):
    """Addresses, users and secrets of the servers; made by :meth:`load`.

    Attributes
    ----------
    kafka
        Bootstrap servers, ``host:port`` with commas between.
    kafka_user, kafka_password
        For SASL/SCRAM-SHA-256; without a user, none.
    kafka_ca
        The authority that signed the brokers' certificates; with it, TLS.
    rabbitmq, rabbitmq_password, rabbitmq_ca, rabbitmq_api
        ``amqp://user@host:port/vhost`` (or ``amqps``), and the address of the HTTP API; of a
        cluster, one for each node with commas between, tried in that order.
    search, search_user, search_password, search_ca
        ``http://host:port`` of OpenSearch or Elasticsearch.
    redis, redis_password, redis_ca
        ``redis://host:port/0`` of the cache.
    database, database_password
        SQLAlchemy URL of the desk's database, without a password.
    prometheus
        ``http://host:port``.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    kafka: str = ""
    kafka_user: str = ""
    kafka_password: SecretStr = SecretStr("")
    kafka_ca: Path | None = None
    rabbitmq: str = ""
    rabbitmq_password: SecretStr = SecretStr("")
    rabbitmq_ca: Path | None = None
    rabbitmq_api: str = ""
    search: str = ""
    search_user: str = ""
    search_password: SecretStr = SecretStr("")
    search_ca: Path | None = None
    redis: str = ""
    redis_password: SecretStr = SecretStr("")
    redis_ca: Path | None = None
    database: str = ""
    database_password: SecretStr = SecretStr("")
    prometheus: str = ""

    @classmethod
    def load(cls) -> Self:
        """Read the environment, and the file that ``WORKBENCH_SETTINGS`` names.

        Raises
        ------
        ParameterError
            If the file is not there or others may read it, or a value has a wrong form.
        """
        named = os.environ.get(FILE)
        try:
            file = _owned(Path(named)) if named else None
            return cls(_env_file=file)  # type: ignore[call-arg]  # pydantic-settings' own
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            name = f"{PREFIX}{'_'.join(map(str, first['loc']))}".upper()
            raise ParameterError.of(
                f"the setting {name} ({first['msg']})",
                allowed="what `workbench services env` prints",
                hint="correct it",
            ) from None

    def tls(self, server: str) -> ssl.SSLContext:
        """Return how a server's certificate is checked.

        Parameters
        ----------
        server
            ``kafka``, ``rabbitmq`` or ``search``. Its authority is the setting ``…_CA``; without
            one, those that the system knows.

        Raises
        ------
        ParameterError
            If the authority's file cannot be read.
        """
        authority: Path | None = getattr(self, f"{server}_ca")
        try:
            return ssl.create_default_context(cafile=authority)
        except (OSError, ssl.SSLError) as error:
            raise ParameterError.of(
                f"{PREFIX}{server.upper()}_CA={authority} ({error.strerror or error})",
                allowed="a file with the authority's certificate (PEM)",
                hint="correct the path",
            ) from error

    def need(self, name: str, service: str) -> str:
        """Return an address, or say how to get one.

        Parameters
        ----------
        name
            Name of the attribute.
        service
            Name of the service in ``workbench services up``.

        Raises
        ------
        ParameterError
            If it is not set.
        """
        value: str = getattr(self, name)
        if not value:
            raise ParameterError.of(
                f"{PREFIX}{name.upper()}, which is not set,",
                allowed=f"the address of a server ({service})",
                hint=f'start one with `workbench services up {service}`, then `eval "$(workbench '
                'services env)"`',
            )
        return value


def _owned(path: Path) -> Path:
    """Return the path of a settings file that only its owner may read."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ParameterError.of(
            f"{FILE}={path} ({error.strerror})",
            allowed="a file with lines WORKBENCH_…=value",
            hint="correct the path",
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ParameterError.of(
            f"{path}, which others than its owner may read (mode {stat.S_IMODE(mode):o}),",
            allowed="a file with owner-only rights",
            hint=f"chmod 600 {path}",
        )
    return path
