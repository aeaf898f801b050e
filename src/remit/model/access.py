"""What systems said of themselves, the principals in it, and what each can do, with the grant that gives it.

Invariants:
- a native object is what the system said, unjudged; everything else here is derived from native objects by pure functions;
- access whose conditions depend on a context that is not known is `depends`, never `allow`;
- what could not be read is in `Unread`, and is never counted as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from remit.model.identity import Because
from remit.model.verbs import Verb


class NativeObject(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in a system, as the system described it."""

    connection: str
    """`aws:main`."""
    kind: str
    """The system's own word: `iam:role`, `iam:policy`, `s3:bucket`, `pg:role`, `pg:relation`, `self` (whom Remit acts as) ..."""
    id: str
    """The system's own name for it: an ARN, `schema.table`; unique within connection and kind."""
    body: Mapping[str, Any]
    """JSON; secrets were reduced where it was made."""


class LoginState(msgspec.Struct, frozen=True, kw_only=True):
    """A credential of a principal, as its system knows it; never its value."""

    name: str
    """For people: `access key ****WXYZ`, `password`."""
    kind: str
    """`aws-access-key`, `password`, `session` ..."""
    fingerprint: str | None = None
    """As `SecretSeen.fingerprint`, over the key's id, so that a key found in code can be told to be this one."""
    is_active: bool = True
    created: str | None = None
    last_used: str | None = None
    expires: str | None = None


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """An identity as its system names it."""

    ref: str
    """Canonical: an ARN, `postgres:CONNECTION/ROLE`."""
    short: str
    """The short form of remit language section 1: `aws:role/NAME`, `postgres:CONNECTION/ROLE`. May fit several."""
    connection: str
    kind: str
    """`role`, `user`, `group` ... as the system says."""
    place: str
    """An ARN or a catalogue row, for people."""
    is_own: bool = False
    """Remit itself acts as it: never changed."""
    is_protected: bool = False
    """Never changed by Remit: a service-linked role, a superuser, the root account."""
    person: Because | None = None
    """Why it is taken for a person's own login: a tag, a path, a name that is a mail address."""
    owner: Because | None = None
    """Who a tag or comment says answers for it."""
    agent: Because | None = None
    """Which agent a tag says it is of; its text is the agent's id or name, hostile text."""
    expires: Because | None = None
    """Place of the date on which the whole identity was meant to end; its text is the RFC 3339 date."""
    created: str | None = None
    last_used: str | None = None
    """As the system says, where it does."""
    logins: tuple[LoginState, ...] = ()
    assumed_by: tuple[str, ...] = ()
    """Principals and services that may become it: ARNs, `lambda.amazonaws.com`, roles that are members."""
    description: str = ""
    """Hostile text."""


class Effect(StrEnum):
    """Whether an access is certain."""

    ALLOW = "allow"
    DEPENDS = "depends"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One entitlement after everything that narrows it. Patterns stay patterns."""

    system: str
    """`aws:s3`, `postgres:finops`; `aws:*` where a grant names every service."""
    action: str
    """The system's own, as granted: `s3:GetObject`, `s3:*`, `select`."""
    resource: str
    """In the system's naming; `*` in it stands for any run of characters."""
    decision: Effect = Effect.ALLOW
    depends_on: tuple[str, ...] = ()
    """Context keys, where `depends`."""
    verb: Verb | None = None
    """None: the pattern spans several verbs."""
    because: tuple[Because, ...] = ()
    """The path that gives it, from the principal to the grant: each place an ARN (`...:role/x#policy/inline[0]`) or a catalogue row."""
    but: tuple[str, ...] = ()
    """What denies and boundaries take away from it, for people: `not s3:DeleteObject on arn:aws:s3:::b/*`."""
    columns: tuple[str, ...] = ()
    """Postgres: the columns that a column grant names; empty: all."""
    expires: str | None = None
    """RFC 3339: the date after which the grant's own condition ends it (DateLessThan); it may have passed."""


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be read or understood."""

    place: str
    why: str


class PrincipalAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one principal can do."""

    principal: str
    access: tuple[Access, ...]
    unread: tuple[Unread, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a system would answer to one request, with its reason."""

    is_allowed: bool
    is_explicit: bool = False
    """A denial that a statement spells out."""
    depends_on: tuple[str, ...] = ()
    """Not empty: the answer hangs on these context keys, and `is_allowed` is False."""
    because: str = ""
    place: str = ""
