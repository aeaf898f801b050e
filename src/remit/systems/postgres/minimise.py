"""Narrowing a role to what is kept of what it can do.

What to keep is not decided here. Invariants, each tested on worlds made at random and on a live server:
- after the steps the role can do what it could before and `keep` names;
- it can do nothing that it could not do before, by itself or after SET ROLE;
- a privilege that others depend on, whose grantor the write role cannot act for, or that comes from PUBLIC or from owning, stays and is
  named in words;
- steps that give come before steps that take.

A membership that gives more than is kept is taken away, and what is kept of it is granted directly by the owners of the things; one that
gives nothing more stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remit.model.access import Access, NativeObject
from remit.model.alignment import AlignmentLine
from remit.model.plan import Proposal
from remit.model.verbs import Verb
from remit.systems.postgres.access import AccessOf
from remit.systems.postgres.names import role_of
from remit.systems.postgres.narrowing import Narrowing, blind_changes
from remit.systems.postgres.principals import is_person, is_protected
from remit.systems.postgres.probes import probes_between
from remit.systems.postgres.steps import after
from remit.systems.postgres.world import World


def why_untouched(world: World, role: str | None, *, with_gaps: bool = False) -> str:
    """Why Remit changes nothing about a role; empty: it may."""
    if role is None or role not in world.roles:
        return f"`{role}` is no role of `{world.connection}` as it was read"
    if role in world.selves.values():
        return f"`{role}` is left as it is: Remit itself acts as it"
    if is_protected(world, role):
        return f"`{role}` is left as it is: it is a superuser, or comes with the server"
    if is_person(role, str(world.roles[role].get("comment") or "")):
        return f"`{role}` is left as it is: it is a person's own login"
    if world.unread and not with_gaps:
        place, why = world.unread[0]
        return f"`{role}` is left as it is: not everything could be read ({place}: {why}), and what is not known might be needed"
    return ""


def narrow(
    objects: Sequence[NativeObject],
    principal: str,
    keep: Sequence[AlignmentLine],
    label: str,
    verbs: Mapping[str, Verb],
    *,
    ends_memberships: bool = False,
) -> Proposal:
    """The steps that leave a role what it could do before and `keep` names; `ends_memberships`: of those that give nothing, too."""
    access = AccessOf(objects, verbs)
    role = role_of(access.world.connection, principal)
    why = why_untouched(access.world, role)
    if role is None or why:
        return Proposal(steps=(), residue=(why,))
    lines = [line for line in keep if line.system == access.world.connection]
    had = access.of(principal).access
    why = ""
    for keeps_memberships in (False, True):
        narrowing = Narrowing(access, role, lines, label)
        narrowing.ends_memberships, narrowing.keeps_memberships = ends_memberships, keeps_memberships
        steps = tuple(narrowing.steps())
        later = AccessOf(after(objects, steps), verbs)
        remaining = later.of(principal).access
        why = narrowing.lost(later.world) or _wider(had, remaining)
        if not why:
            residue = (*narrowing.residue, *narrowing.stays(remaining), *blind_changes(had, remaining))
            return Proposal(steps=steps, residue=residue, probes=tuple(probes_between(principal, had, remaining)) if steps else ())
    return Proposal(steps=(), residue=(f"`{role}` is left as it is: a narrowing would {why}",))


def _wider(had: Sequence[Access], remaining: Sequence[Access]) -> str:
    """Something that was not there before; empty: nothing."""
    before: dict[tuple[str, str], set[str] | None] = {}
    for line in had:
        known = before.get((line.action, line.resource), set())
        before[line.action, line.resource] = None if known is None or not line.columns else known | set(line.columns)
    over_all = {line.action for line in had if line.resource == "*"}
    for line in remaining:
        columns = before.get((line.action, line.resource), set())
        is_there = columns is None or (bool(line.columns) and set(line.columns) <= columns)
        if not is_there and line.action not in over_all and "*" not in over_all:
            return f"newly give {line.action.upper()} on {line.resource}"
    return ""
