"""What identities hold, verb by verb: every grant with what it amounts to, worked out once for as long as the access is the same.

Answers who can do something, over all agents, without a table of needed and used for each of them. Invariant: a grant has here the
verbs that it has on the page of an agent (`Abilities`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from remit.model.access import Access, Effect, PrincipalAccess
from remit.model.alignment import AlignmentLine, Class
from remit.model.verbs import Verb
from remit.understand.abilities import Abilities
from remit.understand.spans import Spans, is_pattern


class Held(msgspec.Struct, frozen=True):
    """One grant of an identity, as granted."""

    system: str
    action: str
    resource: str
    is_certain: bool
    """False: it hangs on a context that is not known."""


Holding = Mapping[Verb | None, Sequence[Held]]
"""By verb; under None all of them."""


class Holdings:
    """The grants of identities by verb. May be asked by several threads: each would put the same into it."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._abilities = Abilities(spans)
        self._verbs: dict[tuple[str, str, str], tuple[Verb, ...]] = {}
        self._known: dict[str, tuple[PrincipalAccess, Holding]] = {}

    def of(self, access: PrincipalAccess) -> Holding:
        """What one identity holds."""
        known = self._known.get(access.principal)
        if known is None or known[0] is not access:
            known = self._known[access.principal] = (access, self._sorted(access))
        return known[1]

    def is_about(self, held: Held, verb: Verb | None, resource: str) -> bool:
        """Whether some action of a grant that has the verb (None: any) can be about a resource inside what was granted."""
        if not is_pattern(held.action):
            return self._spans.is_about(held.system, held.action, resource)
        return self._abilities.has(held.system, held.action, resource, verb)

    def _sorted(self, access: PrincipalAccess) -> Holding:
        found: dict[Verb | None, list[Held]] = {None: []}
        for grant in access.access:
            held = _held(grant)
            found[None].append(held)
            for verb in self._verbs_of(grant.system, grant.action, grant.resource):
                found.setdefault(verb, []).append(held)
        return found

    def _verbs_of(self, system: str, action: str, resource: str) -> tuple[Verb, ...]:
        key = (system, action, resource)
        if key not in self._verbs:
            self._verbs[key] = self._abilities.verbs(_line(*key))
        return self._verbs[key]


def _line(system: str, action: str, resource: str) -> AlignmentLine:
    """A grant as `Abilities` reads it; what it is needed for makes no verb."""
    return AlignmentLine(principal="", system=system, action=action, resource=resource, class_=Class.UNNEEDED, why="")


def _held(grant: Access) -> Held:
    return Held(grant.system, grant.action, grant.resource, grant.decision is Effect.ALLOW)
