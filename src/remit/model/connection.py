"""Connections: what Remit reads, and how it gets there; never a secret."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One connection to a system, a folder of code or a log of decisions."""

    id: str
    """`aws:main`, `postgres:finops`, `code:shop`, `decisions:edge`."""
    kind: str
    name: str
    settings: Mapping[str, str] = {}
    """By the option's name with `_`: `path`, `profile`, `write_profile`, `endpoint_url`, `region`, `trail`, `url`, `write_url`, `log`,
    `file`. A URL holds no password; a profile is a name."""
    since: str = ""
    """RFC 3339, UTC."""
    is_connected: bool = True
    """False: disconnected; what came from it is gone, its history stays."""

    def setting(self, name: str) -> str | None:
        """A setting; None where it is not given or empty."""
        return self.settings.get(name) or None

    @property
    def has_write_role(self) -> bool:
        """Whether a second role was given, which may change what the first one reads."""
        return bool(self.setting("write_profile") or self.setting("write_url"))
