"""Which names of environment variables, settings and CI secrets hold a credential, and of what kind: a table, read once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container
from functools import lru_cache
from importlib import resources

import msgspec


class _Table(msgspec.Struct, frozen=True):
    exact: dict[str, str]
    """Name in capitals -> kind."""
    rules: tuple[tuple[re.Pattern[str], str], ...]
    excluded: frozenset[str]
    exclusions: re.Pattern[str]


@lru_cache(maxsize=1)
def _table() -> _Table:
    text = resources.files(f"{__package__}.tables").joinpath("credentials.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return _Table(
        exact={name: kind for kind, names in data["exact"].items() for name in names},
        rules=tuple((re.compile(rule["pattern"]), rule["kind"]) for rule in data["rules"]),
        excluded=frozenset(data["not_credentials"]["exact"]),
        exclusions=re.compile("|".join(f"(?:{pattern})" for pattern in data["not_credentials"]["patterns"])),
    )


@lru_cache(maxsize=8192)
def credential_kind(name: str) -> str | None:
    """The kind of credential that a setting of this name holds; None when it holds none. Letter case does not count."""
    if not name or len(name) > 200:
        return None
    table = _table()
    wanted = name.upper().replace("-", "_").replace(".", "_")
    if wanted in table.excluded:
        return None
    if wanted in table.exact:
        return table.exact[wanted]
    if table.exclusions.search(wanted):
        return None
    return next((kind for pattern, kind in table.rules if pattern.search(wanted)), None)


def kind_beside(name: str, others: Container[str]) -> str | None:
    """The kind of credential that a setting holds among others: a client's id counts where its secret is read as well."""
    kind = credential_kind(name)
    if kind is None and name.upper().endswith("CLIENT_ID"):
        secret = f"{name[:-2]}SECRET" if name.endswith("ID") else f"{name[:-2]}secret"
        return credential_kind(secret) if secret in others else None
    return kind
