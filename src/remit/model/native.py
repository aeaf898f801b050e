"""Policy text of a target, and what the target cannot say."""

from __future__ import annotations

import msgspec


class Residue(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a remit that a target cannot express, so that another point must enforce it."""

    rule: str
    """The line of the remit: `limits.calls`, `never[0]`."""
    line: int
    why: str


class Native(msgspec.Struct, frozen=True, kw_only=True):
    """A remit in the language of a target."""

    target: str
    media_type: str
    text: str
    residue: tuple[Residue, ...] = ()
