"""What row security takes away from a privilege on a table.

A table with row security and without a policy for a role shows that role no row; INSERT is refused then. Policies are expressions
over rows, so what they let through is not known from the catalogue: an access that passes one depends on it.
"""

from __future__ import annotations

from remit.systems.postgres.rights import Refusal
from remit.systems.postgres.world import Thing, World

_LETTERS = {"select": "r", "insert": "a", "update": "w", "delete": "d"}


def is_filtered(world: World, role: str, thing: Thing, action: str) -> bool:
    """Whether row security applies to this role on this table (`check_enable_rls`)."""
    if not thing.body.get("row_security") or action not in _LETTERS:
        return False
    attributes = world.roles.get(role, {})
    if attributes.get("superuser") or attributes.get("bypassrls"):
        return False
    is_owner = world.has_privileges_of(role, thing.owner)
    return not is_owner or bool(thing.body.get("force_row_security"))


def policies_of(world: World, role: str, thing: Thing, action: str) -> tuple[str, ...] | None:
    """The permissive policies that apply to a role and an action; None where the policies were not read."""
    policies = thing.body.get("policies")
    if policies is None:
        return None
    reached = world.inherited(role)
    return tuple(
        policy["name"]
        for policy in policies
        if policy.get("permissive", True)
        and policy["command"] in ("*", _LETTERS[action])
        and any(name == "" or name in reached for name in policy["roles"])
    )


def refusal_of_rows(world: World, role: str, thing: Thing, action: str) -> Refusal | None:
    """Why an INSERT is refused although the privilege is there; the other statements merely see fewer rows."""
    if action != "insert" or not is_filtered(world, role, thing, action):
        return None
    applying = policies_of(world, role, thing, action)
    if applying == ():
        return Refusal(f"{thing.resource} has row security, and no policy lets `{role}` insert a row")
    which = "policies that were not read" if applying is None else "the policies " + ", ".join(f"`{name}`" for name in applying)
    return Refusal(f"{thing.resource} has row security: whether a row passes hangs on {which}", depends_on=("row security",))
