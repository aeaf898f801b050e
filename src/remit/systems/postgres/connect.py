"""Opens a connection to Postgres, and says in words why it cannot.

No password is ever in an address: libpq takes it from PGPASSWORD, a password file or a service, and what a server says of a failure is
told without the address. Every session begins with an empty search path and with limits on waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import conninfo

from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.shown import printable

APPLICATION = "remit"
PROOF_APPLICATION = "remit-proof"
_FROM_ENVIRONMENT = {
    "PGHOST": "host",
    "PGPORT": "port",
    "PGUSER": "user",
    "PGDATABASE": "dbname",
    "PGPASSWORD": "password",
    "PGPASSFILE": "passfile",
    "PGSERVICE": "service",
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
    "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey",
    "PGCHANNELBINDING": "channel_binding",
}
_SECRET = ("password", "sslpassword", "oauth_client_secret")


def parameters_of(url: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The connection's parameters: those of the address, then those of the environment. RefusedError where the address is none."""
    address = url
    for prefix in ("postgresql+psycopg://", "postgresql+psycopg2://", "postgresql+asyncpg://"):
        if url.startswith(prefix):
            address = "postgresql://" + url[len(prefix) :]
    try:
        given: dict[str, Any] = dict(conninfo.conninfo_to_dict(address))
    except (psycopg.Error, ValueError) as error:
        # libpq repeats the address in its message, and a mistyped one may hold a password.
        raise RefusedError("the address is none that Postgres knows: write `postgresql://USER@HOST:PORT/DATABASE`") from error
    if any(given.get(name) for name in _SECRET):
        raise RefusedError(
            "the address holds a password: leave it out, and give it by PGPASSWORD, a password file (PGPASSFILE) or a service (PGSERVICE)"
        )
    for variable, name in _FROM_ENVIRONMENT.items():
        if environment.get(variable) and not given.get(name):
            given[name] = environment[variable]
    return given


def user_of(url: str, environment: Mapping[str, str]) -> str | None:
    """The role in an address; None where it names none (a service may)."""
    user = parameters_of(url, environment).get("user")
    return str(user) if user else None


def connect(
    connection: Connection, setting: str, environment: Mapping[str, str], *, application: str = APPLICATION, is_read_only: bool
) -> psycopg.Connection[tuple[Any, ...]]:
    """A session by the address in a setting (`url`, `write_url`); RefusedError says what to mend."""
    url = connection.setting(setting)
    if url is None:
        option = "--" + setting.replace("_", "-")
        raise RefusedError(f"`{connection.id}` has no {setting.replace('_', ' ')}: connect it again with `{option} postgresql://...`")
    given = parameters_of(url, environment)
    given.update(application_name=application)
    given.setdefault("connect_timeout", "10")
    try:
        opened = psycopg.connect(**given)
    except psycopg.Error as error:
        raise RefusedError(f"cannot connect to `{connection.id}`: {reason(error)}") from error
    except ValueError as error:
        # A host that is no name of one; what Python says of it repeats it.
        raise RefusedError(f"cannot connect to `{connection.id}`: its address names no host that can be looked up") from error
    try:
        opened.execute("SELECT pg_catalog.set_config('search_path', '', false)")
        opened.execute("SET lock_timeout = '5s'; SET statement_timeout = '120s'; SET idle_in_transaction_session_timeout = '300s'")
        opened.commit()
        opened.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ if is_read_only else psycopg.IsolationLevel.READ_COMMITTED
        opened.read_only = is_read_only
    except psycopg.Error as error:
        opened.close()
        raise RefusedError(f"cannot begin a session with `{connection.id}`: {reason(error)}") from error
    return opened


def reason(error: psycopg.Error) -> str:
    """What a server or libpq said, in one line."""
    said = error.diag.message_primary or str(error)
    return printable(" ".join(said.split()), 300) or type(error).__name__
