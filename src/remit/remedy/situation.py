"""What a plan is made from: one agent's identities, who shares them, what is needed of them, and the systems as last read.

Decides which identities a plan may be about at all. Invariants:
- an identity that Remit itself acts as, that its system protects, or that stands in no connected system is never in a plan;
- what leaves an identity alone is said, with the reason, never passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from remit.contracts.system import IdentitySystem, Works
from remit.model.access import NativeObject, Principal, Verdict
from remit.model.alignment import Alignment
from remit.model.event import Use
from remit.model.identity import Bound
from remit.model.plan import Step
from remit.model.shown import printable
from remit.model.verbs import Verb


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """One connected system: its pure half, what the last reading showed, and how much its log can tell."""

    system: IdentitySystem
    objects: Sequence[NativeObject]
    has_log: bool = False
    """Its audit records are read."""
    uses: Sequence[Use] = ()
    """Everything that its log recorded, by whomever."""
    unread_records: int = 0
    """Records of its log that could not be understood."""
    unread: tuple[str, ...] = ()
    """Sentences: parts of its state or log that could not be read."""


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that plans about one agent look at."""

    agent: str
    """Slug."""
    bound: tuple[Bound, ...]
    """Who uses which identity; retired agents are left out, but for this one."""
    principals: Mapping[str, Principal]
    grounds: Mapping[str, Ground]
    """By connection."""
    alignments: Mapping[str, Alignment] = {}
    """By slug; needed of every agent that shares an identity with this one."""
    forbids: Callable[[str, str, str], str] = lambda _system, _action, _resource: ""
    """The line of the agent's remit that forbids (system, action, resource) whatever the circumstances; empty: none."""
    excepts: Callable[[str, str, str], tuple[str, ...]] = lambda _system, _action, _resource: ()
    """Resources inside (system, action, resource) that the agent's remit forbids, where it does not forbid the whole."""
    apart: Callable[[str, str, str], tuple[str, ...]] = lambda _system, action, _resource: (action,)
    """The actions of a pattern that the remit treats differently inside a resource (`forbidden.named_apart_by`), else the pattern."""
    stopped: Mapping[str, str] = {}
    """Identities that stand under a quarantine, with the plan that stopped each (`quarantine.stopped`)."""

    def mine(self) -> list[str]:
        """The identities of the agent, each once."""
        return list(dict.fromkeys(bound.principal for bound in self.bound if bound.agent == self.agent))

    def others_on(self, principal: str) -> tuple[str, ...]:
        """Slugs of other agents that use an identity."""
        return tuple(sorted({bound.agent for bound in self.bound if bound.principal == principal and bound.agent != self.agent}))

    def also_affected(self, principals: Iterable[str]) -> tuple[str, ...]:
        """Slugs of other agents that use any of these identities."""
        return tuple(sorted({other for principal in principals for other in self.others_on(principal)}))

    def fingerprints(self, principal: str) -> tuple[str, ...]:
        """Of the keys by which this agent, and as far as is known no other, proves an identity."""
        on_it = [bound for bound in self.bound if bound.principal == principal]
        others = {key for bound in on_it if bound.agent != self.agent for key in bound.key_fingerprints}
        mine = [key for bound in on_it if bound.agent == self.agent for key in bound.key_fingerprints]
        return tuple(key for key in dict.fromkeys(mine) if key not in others)

    def why_left_alone(self, ref: str) -> str:
        """Why no plan may change an identity; empty: one may."""
        principal = self.principals.get(ref)
        if principal is None:
            return f"`{printable(ref)}` is left as it is: no connected system knows it"
        ground = self.grounds.get(principal.connection)
        if ground is None:
            return f"`{principal.short}` is left as it is: `{principal.connection}` is not connected"
        if principal.is_own:
            return f"`{principal.short}` is left as it is: Remit itself acts as it"
        if principal.is_protected:
            return f"`{principal.short}` is left as it is: its system protects it"
        change = ground.system.features["change"]
        if not isinstance(change, Works):
            return f"`{principal.short}` is left as it is: `{principal.connection}` cannot be changed, for {change.why}"
        return ""

    def name(self, ref: str) -> str:
        """An identity for people."""
        principal = self.principals.get(ref)
        return printable(principal.short if principal is not None else ref)

    def verb_of(self, connection: str, action: str) -> Verb | None:
        """The verb of a native action; None for a pattern, which spans several."""
        table = self.grounds[connection].system.vocabulary() if connection in self.grounds and "*" not in action else None
        return table.verb_of(action) if table is not None else None


class Ahead:
    """The connected systems as they would be after the steps so far: each step is planned on what those before it leave."""

    def __init__(self, grounds: Mapping[str, Ground]) -> None:
        self._grounds = grounds
        self._objects = {name: ground.objects for name, ground in grounds.items()}

    def objects(self, connection: str) -> Sequence[NativeObject]:
        """What a connection would show."""
        return self._objects[connection]

    def take(self, connection: str, steps: Sequence[Step]) -> None:
        """Goes on past these steps."""
        if steps:
            self._objects[connection] = self._grounds[connection].system.after(self._objects[connection], steps)

    def decides(self, connection: str, principal: str, action: str, resource: str, columns: Sequence[str] = ()) -> Verdict:
        """What the system would then answer."""
        return self._grounds[connection].system.decides(self._objects[connection], principal, action, resource, columns)
