"""A decision in one sentence for a person: the line that it rests on, and the tool or action.

Invariants:
- text that came from outside goes through `printable`; values of arguments never appear, only their names.
"""

from __future__ import annotations

from collections.abc import Collection

from remit.decide.index import Entry, Standing, place
from remit.model.decision import Request
from remit.model.remit import Limit, Remit
from remit.model.shown import printable

NO_TASK = "; the task is not known, so this was not compared with it"
"""For whoever looks after a point: the step that a task narrows was left out."""
OBSERVED = "; only observed: `enforce` would have denied it"
ASKED = "; the owner is asked"


def for_agent(because: str) -> str:
    """A reason as the agent is told it: that nobody gave its point the words of the task is nothing that it can change."""
    return because.replace(NO_TASK, "")


def action(request: Request) -> str:
    """What is asked for: a tool by its name, anything else with its resource."""
    name = printable(request.action)
    if request.system.startswith("mcp:"):
        return f"`{name}` of `{printable(request.system)}`"
    return f"`{name}` on `{printable(request.resource)}` of `{printable(request.system)}`"


def unknown_agent(slug: str) -> str:
    return f"no agent `{printable(slug)}` is known here, and without an approved remit nothing is allowed"


def standing(entry: Entry, why: Standing) -> str:
    shown = f"`{printable(entry.slug)}`"
    if why is Standing.BROKEN:
        return f"the remit of {shown} cannot be used ({printable(entry.fault, 2_000)}), and a fault denies"
    if why is Standing.NOT_ACTIVE:
        return f"{shown} is {entry.state.value}, so nothing is allowed"
    if why is Standing.NO_REMIT or entry.remit is None:
        return f"{shown} has no approved remit, so nothing is allowed"
    return f"the remit of {shown} ({place(entry.remit.path, 0)}) expired at the end of {entry.remit.lifecycle.expires}"


def allowed(shown: str, at: str, rule: str, objective: str) -> str:
    return f"{shown} is allowed by {at} ({rule}): objective `{objective}`"


def forbidden(shown: str, at: str, rule: str, why: str | None) -> str:
    return f"{shown} is forbidden by {at} ({rule})" + (f": {why}" if why else "")


def over_limit(shown: str, at: str, rule: str, why: str) -> str:
    return f"{shown} would exceed the limit of {at} ({rule}): {why}"


def calls_used_up(limit: Limit) -> str:
    return f"{limit.amount:g} calls a {limit.window.value} are used up"


def outside_mandate(shown: str, why: str) -> str:
    return f"{shown} is outside the mandate of this task: {why}"


def unmatched(request: Request, remit: Remit, where_to_look: str) -> str:
    """`where_to_look` says which line is the nearest, or where the lines on this system begin; empty: there is none."""
    told = f"{action(request)} is covered by no line of {place(remit.path, 0)}"
    return f"{told}; {where_to_look}" if where_to_look else f"{told}; none is about `{printable(request.system)}`"


def nearest(at: str, rule: str, missing: str) -> str:
    """The line that would have covered it, and what is missing."""
    return f"the nearest is {at} ({rule}): {missing}"


def beginning(at: str, rule: str, request: Request, resource: str) -> str:
    """Where to begin reading when no line is about what was asked: the first on the same system."""
    return f"those on `{printable(request.system)}` begin with {at} ({rule}), which is about `{printable(resource)}`"


def unmet(key: str, *, is_missing: bool, is_unreadable_path: bool) -> str:
    """Why the argument that a key of a `where` names does not match."""
    name = f"`{printable(key)}`"
    if is_missing:
        return f"{name} is missing"
    if is_unreadable_path:
        return f"{name} counts as missing: write it as a full path that begins with `/`"
    return f"it does not allow {name} as given"


def another_verb(verb: str, request: Request, verbs: Collection[str]) -> str:
    """A line on the same resource and another verb."""
    if verbs:
        return f"it is for `{verb}`, and this is {' and '.join(f'`{known}`' for known in sorted(verbs))}"
    name = f"`{printable(request.action)}`"
    return f"it is for `{verb}`, and what {name} does is not known; a line that names {name}, or one of `call`, would cover it"


def not_understood(request: Request, why: str) -> str:
    shown = printable(request.action) or "the request"
    return f"`{shown}` is not understood: {printable(why)}"


def fault(request: Request, error: str) -> str:
    return f"the decision on `{printable(request.action)}` failed ({printable(error)}), and a fault denies"
