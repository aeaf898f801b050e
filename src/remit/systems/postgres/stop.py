"""Stopping a role at once, and taking everything from one that is retired.

NOLOGIN and the end of its sessions stop whatever connects as the role. Whoever may SET ROLE to it from a login of their own is not stopped
by that: these are named. A person's login is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from remit.model.access import NativeObject
from remit.model.plan import Probe, Proposal
from remit.model.verbs import Verb
from remit.systems.postgres.access import AccessOf
from remit.systems.postgres.minimise import narrow, why_untouched
from remit.systems.postgres.names import quoted, role_of
from remit.systems.postgres.steps import Steps
from remit.systems.postgres.world import World


def stop(objects: Sequence[NativeObject], principal: str, label: str) -> Proposal:
    """No login and no session, until it is undone."""
    world = World(objects)
    role = role_of(world.connection, principal)
    why = why_untouched(world, role, with_gaps=True)  # a gap in what was read is no reason to let a role go on
    if role is None or why:
        return Proposal(steps=(), residue=(why,))
    residue = list(_who_may_become(world, role))
    if not world.roles[role].get("login"):
        residue.insert(0, f"`{role}` cannot log in anyway: there is no login to take from it")
        return Proposal(steps=(), residue=tuple(residue))
    if why := _why_not_stopped(world, role):
        return Proposal(steps=(), residue=(why, *residue))
    database = str(world.database.get("name", ""))
    probe = Probe(connection=world.connection, principal=principal, action="connect", resource=f"database/{database}", is_allowed=False)
    return Proposal(steps=(Steps(world.connection, role, label).no_login(),), residue=tuple(residue), probes=(probe,))


def _why_not_stopped(world: World, role: str) -> str:
    """Why the write role may not change the login of a role: from version 16 on that needs CREATEROLE and ADMIN on the role."""
    writer = world.selves.get("write")
    if writer is None or world.is_superuser(writer):
        return ""
    may_administer = any(step.is_admin and step.member == writer for step in world.members.get(role, ()))
    if world.roles.get(writer, {}).get("createrole") and may_administer:
        return ""
    return (
        f"`{role}` cannot be stopped: `{writer}` needs CREATEROLE and the admin option on it; the SQL of `--print-policy write` gives both"
    )


def _who_may_become(world: World, role: str) -> list[str]:
    members = sorted(
        name
        for name in world.roles
        if name != role and not world.is_superuser(name) and role in world.settable(name) and not name.startswith("pg_")
    )
    members = [name for name in members if name not in world.selves.values()]
    if not members:
        return []
    shown = ", ".join(f"`{name}`" for name in members[:8]) + (f" and {len(members) - 8:,} more" if len(members) > 8 else "")
    return [f"{shown} may SET ROLE to {quoted(role)}, by a login of their own, and go on: stop those too where an agent uses them"]


def retire(objects: Sequence[NativeObject], principal: str, label: str, verbs: Mapping[str, Verb]) -> Proposal:
    """No login, no session, no membership and no privilege; what it owns stays, and the role itself too, so that it can be undone."""
    stopped = stop(objects, principal, label)
    world = AccessOf(objects, verbs).world
    role = role_of(world.connection, principal)
    if role is None or why_untouched(world, role):
        return stopped
    rest = narrow(objects, principal, (), label, verbs, ends_memberships=True)
    return Proposal(
        steps=(*stopped.steps, *rest.steps),
        residue=tuple(dict.fromkeys((*stopped.residue, *rest.residue))),
        probes=(*stopped.probes, *(probe for probe in rest.probes if not probe.is_allowed)),
    )


def with_keys(proposal: Proposal, key_fingerprints: Sequence[str]) -> Proposal:
    """Says that a key that was found cannot be taken away by itself: a role has one password, and Postgres tells nobody which."""
    if not key_fingerprints:
        return proposal
    said = "a role of Postgres has no keys of its own: change its password where one became known"
    return msgspec.structs.replace(proposal, residue=(*proposal.residue, said))
