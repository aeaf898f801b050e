"""Which identity of a connected system a text means: refs as evidence writes them become canonical principals.

Decides by the names that the connected systems gave; never by likeness. Invariants:
- an ARN means the role or user of that name in that account, an assumed role's session the role;
- a short form means a principal only where exactly one connected account or server has it; several are candidates, never a guess;
- `postgres:DATABASE/ROLE` in evidence names the database: it belongs to the connection whose database has that name and that role. Hosts
  may differ (private names, replicas), so that is never certain;
- a ref of a system that is not connected stays as it is written.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from remit.model.access import Principal
from remit.model.place import Confidence

_IAM = re.compile(r"arn:[\w-]+:iam::(\d{12}):(role|user)/(?:.*/)?([\w+=,.@-]+)")
_SESSION = re.compile(r"arn:[\w-]+:sts::(\d{12}):assumed-role/([\w+=,.@-]+)(?:/.*)?")
_SHORT = re.compile(r"aws:(role|user)/(?:.*/)?([\w+=,.@-]+)")


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """What a ref means."""

    principal: str | None = None
    """Canonical ref of the one identity that fits."""
    candidates: tuple[str, ...] = ()
    """Where several fit."""
    is_of_connected: bool = False
    """The ref is one of a connected system: where nothing fits there, something is wrong."""
    most: Confidence = Confidence.CERTAIN
    """How sure it can be at most."""


class Directory:
    """The identities of all connected systems, by every name that evidence may give them."""

    def __init__(self, principals: Sequence[Principal], databases: Mapping[str, str]) -> None:
        self.by_ref = {principal.ref: principal for principal in sorted(principals, key=lambda principal: principal.ref)}
        self._named: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._any_account: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._by_database: dict[str, list[str]] = defaultdict(list)
        for connection, database in databases.items():
            self._by_database[database].append(connection)
        for ref in self.by_ref:
            match = _IAM.fullmatch(ref)
            if match is not None:
                account, kind, name = match.groups()
                self._named[account, kind, name].append(ref)
                self._any_account[kind, name].append(ref)
        self._accounts = {account for account, _, _ in self._named}
        self._keys: dict[str, list[str]] = defaultdict(list)
        for principal in principals:
            for login in principal.logins:
                if login.fingerprint:
                    self._keys[login.fingerprint].append(principal.ref)

    def by_key(self, fingerprint: str) -> str | None:
        """The identity that a key proves, by the key's fingerprint."""
        found = self._keys.get(fingerprint, ())
        return found[0] if len(found) == 1 else None

    def meant(self, ref: str) -> Meant:
        """What a ref means among the connected systems."""
        if ref in self.by_ref and not ref.startswith("postgres:"):
            return Meant(principal=ref, is_of_connected=True)
        for pattern, find in ((_IAM, self._in_account), (_SESSION, self._of_session), (_SHORT, self._short)):
            match = pattern.fullmatch(ref)
            if match is not None:
                return find(match)
        if ref.startswith("postgres:"):
            return self._of_database(ref)
        return Meant()

    def _in_account(self, match: re.Match[str]) -> Meant:
        account, kind, name = match.groups()
        return _one(self._named.get((account, kind, name), ()), account in self._accounts)

    def _of_session(self, match: re.Match[str]) -> Meant:
        account, name = match.groups()
        return _one(self._named.get((account, "role", name), ()), account in self._accounts)

    def _short(self, match: re.Match[str]) -> Meant:
        kind, name = match.groups()
        return _one(self._any_account.get((kind, name), ()), bool(self._accounts))

    def _of_database(self, ref: str) -> Meant:
        database, _, role = ref.removeprefix("postgres:").partition("/")
        connections = self._by_database.get(database, ())
        found = [name for connection in connections if (name := f"{connection}/{role}") in self.by_ref]
        return msgspec.structs.replace(_one(found, bool(connections)), most=Confidence.LIKELY)


def _one(found: Sequence[str], is_of_connected: bool) -> Meant:
    if len(found) == 1:
        return Meant(principal=found[0], is_of_connected=True)
    return Meant(candidates=tuple(sorted(found)), is_of_connected=is_of_connected)
