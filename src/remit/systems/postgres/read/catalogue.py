"""The queries that read a database: a table of texts, chosen by the version of the server."""

from __future__ import annotations

import pkgutil
import tomllib
from functools import cache

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One query, which gives one JSON object a row: the body of a native object."""

    kind: str
    """Of the objects (`objects`)."""
    catalogue: str
    """The catalogue that it reads first, for messages."""
    sql: str
    since: int = 0
    """`server_version_num` from which on it can be asked."""
    until: int = 10_000_000
    """And up to which, exclusive."""


@cache
def parts() -> tuple[Part, ...]:
    """Every query."""
    table = tomllib.loads((pkgutil.get_data("remit.systems.postgres.read", "catalogue.toml") or b"").decode())
    return tuple(msgspec.convert(part, Part) for part in table["part"])


def parts_for(version: int) -> tuple[Part, ...]:
    """The queries that a server of this version understands."""
    return tuple(part for part in parts() if part.since <= version < part.until)
