"""What one identity system can tell. The write side comes with the first system that is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from remit.model.native import Native
from remit.model.remit import Remit
from remit.model.verbs import Verb


class NotBuilt(msgspec.Struct, frozen=True):
    """A feature that could be built and is not."""

    why: str


class Impossible(msgspec.Struct, frozen=True):
    """A feature that the vendor's interface does not allow."""

    why: str


class Meaningless(msgspec.Struct, frozen=True):
    """A feature that makes no sense for this system."""

    why: str


class Works(msgspec.Struct, frozen=True):
    """A feature that the kit exercises."""


Feature = Works | NotBuilt | Impossible | Meaningless
FEATURES = ("verbs", "compile", "read", "access", "audit", "change", "credentials")
"""Names of every feature that a system answers for."""


class Vocabulary(msgspec.Struct, frozen=True):
    """A system's native actions, mapped to verbs by a reviewed table (data, not code)."""

    kind: str
    """`mcp`, `aws`, `postgres` ..."""
    verbs: Mapping[str, Verb]
    """Keys are folded with `fold`."""
    fold: Callable[[str], str]
    """How names compare: `str.lower` for AWS actions, identity for tools."""
    is_complete: bool
    """True: an action that is not in the table is `administer`. False (tools): it is unknown."""

    def verb_of(self, action: str) -> Verb | None:
        """The verb of a native action; None only where the table does not claim to be complete."""
        verb = self.verbs.get(self.fold(action))
        return verb if verb is not None or not self.is_complete else Verb.ADMINISTER


class ReadSide(Protocol):
    """What each package in `systems/` offers under the name `SYSTEM`. Proved by `testing.kits.system`."""

    kind: str
    features: Mapping[str, Feature]

    def vocabulary(self) -> Vocabulary | None:
        """The table of native actions; None where `features["verbs"]` is not Works."""
        ...

    def compile(self, remit: Remit) -> Native:
        """The remit in this system's own language, with what it cannot say as residue."""
        ...
