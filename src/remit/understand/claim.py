"""What one piece of evidence says that an agent does."""

from __future__ import annotations

import msgspec

from remit.model.draft import Origin, Reason, Unresolved
from remit.model.identity import Because


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One (verb, system, resource) with its evidence."""

    verb: str
    system: str
    resource: str | None
    """None: the evidence does not say which."""
    action: str = ""
    """The system's own, where the evidence names it."""
    columns: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    """(argument, pattern) pairs of a tool; several patterns of one argument are any of them."""
    origin: Origin
    because: Because
    sentence: str = ""
    """The words of a declared text."""
    objective: str = ""
    """Of a remit file: the name of its objective."""
    is_written_out: bool = True
    """False: a part of the resource (the key of an object) is not known and stands as `*`."""
    others: tuple[str, ...] = ()
    """Verbs that the words may mean just as well."""

    @property
    def reason(self) -> Reason:
        """The claim as a reason of a line."""
        return Reason(origin=self.origin, because=self.because)


class Gathered(msgspec.Struct, frozen=True):
    """The claims of one origin, and what it could not settle."""

    claims: tuple[Claim, ...]
    unresolved: tuple[Unresolved, ...] = ()
