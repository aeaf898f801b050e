"""An exporter: tells whoever watches from outside, in their own form, of denials and findings (design section 7).

Rules, proved by `testing.kits.exporter`: the form is pure and deterministic; text from outside stands in it as text and never becomes
structure; every field of what is told is in it, or named in `drops`; what was not taken raises `UndeliveredError`, and nothing is told of
as delivered that was not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from remit.model.errors import RemitError
from remit.model.notice import Notice


class UndeliveredError(RemitError):
    """A notice was not taken; the text says why, and holds no secret and nothing of the address but its host."""

    def __init__(self, why: str, *, is_for_good: bool = False, wait_seconds: float = 0.0) -> None:
        """`is_for_good`: it will never be taken, whenever it is sent. `wait_seconds`: how long the receiver asked to be left alone."""
        self.is_for_good = is_for_good
        self.wait_seconds = wait_seconds
        super().__init__(why)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where to, and what for."""

    url: str
    secret: str
    """Signs what is sent; from the environment, kept in memory alone."""


class Delivery(Protocol):
    """An open way to one target."""

    shown: str
    """The target for people: holds no secret."""

    def send(self, notice: Notice) -> None:
        """Delivers one notice; returns when it was taken. Raises UndeliveredError."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


class Exporter(Protocol):
    """What each module in `exporters/` offers under the name `EXPORTER`."""

    name: str
    drops: Mapping[str, frozenset[str]]
    """By the name of a record (`Event`, `Finding`), the fields that are not told."""

    def form(self, notice: Notice) -> bytes:
        """The notice as it is sent."""
        ...

    def open(self, target: Target) -> Delivery:
        """Opens the way; nothing is sent yet. Raises UsageError, in words, for a target that cannot be one."""
        ...
