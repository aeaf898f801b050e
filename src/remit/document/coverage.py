"""When one line of a remit covers another: everything that the narrow one meets, the wide one meets too.

Invariant: a claim is never wrong (True means that no request meets `narrow` and misses `wide`); where it cannot be told from
the two lines alone, such as by the verb that a table gives to a native action, the answer is False.

A `where` works in opposite ways: an argument that is absent misses a can and meets a never. So of two lines of the same sort
the one with fewer conditions is wider; a never covers a can only where it has no condition that the can leaves open.

A `where` on an argument that may hold shell or SQL is not compared as text by a decision, and which arguments do is not known
here. So texts are compared only with themselves, and paths only where they are one word, which means the same in both.
"""

from __future__ import annotations

from remit.document.pattern import contains, value_contains
from remit.model.remit import Capability, Condition, Never, Scalar
from remit.model.verbs import ANY, CALL

MAX_COMPARED = 100_000
"""The product of the lengths of two paths beyond which they are not compared: hostile documents must not keep anybody waiting."""


def verb_covers(wide: str, narrow: str) -> bool:
    """Whether a verb of a line stands for everything that another stands for; on one system, where `call` is `any`."""
    return wide in (narrow, ANY, CALL)


def names_a_tool(line: Capability) -> bool:
    """Whether a line gives a tool its verb: it names the tool exactly, with a verb of ours."""
    return line.system.startswith("mcp:") and "*" not in line.resource and line.verb not in (ANY, CALL)


def system_covers(wide: str, narrow: str) -> bool:
    """Whether a system of a line stands for another; `*` is all."""
    return wide in ("*", narrow)


def can_covers(wide: Capability, narrow: Capability) -> bool:
    """Whether a line of a can allows everything that another allows, and gives no tool less of a verb."""
    if names_a_tool(narrow) and (wide.verb, wide.resource) != (narrow.verb, narrow.resource):
        return False
    return (
        verb_covers(wide.verb, narrow.verb)
        and wide.system == narrow.system
        and contains(wide.resource, narrow.resource)
        and where_covers(wide.where, narrow.where)
        and (not wide.columns or (bool(narrow.columns) and set(narrow.columns) <= set(wide.columns)))
        and wide.data_class in (None, narrow.data_class)
    )


def never_covers(wide: Never, narrow: Never) -> bool:
    """Whether a line of never forbids everything that another forbids."""
    if narrow.outside and not wide.outside and wide.verb not in (ANY, CALL):
        return False  # an unknown tool meets `outside`, and no verb
    return (
        verb_covers(wide.verb, narrow.verb)
        and system_covers(wide.system, narrow.system)
        and contains(wide.resource, narrow.resource)
        and where_covers(wide.where, narrow.where)
        and (not wide.outside or (bool(narrow.outside) and _are_inside(wide.outside, narrow.outside)))
    )


def never_covers_can(never: Never, can: Capability) -> bool:
    """Whether a line of never forbids everything that a line of a can allows, so that the line allows nothing."""
    return (
        verb_covers(never.verb, can.verb)
        and system_covers(never.system, can.system)
        and contains(never.resource, can.resource)
        and not never.outside
        and where_covers(never.where, can.where)
    )


def where_covers(wide: tuple[Condition, ...], narrow: tuple[Condition, ...]) -> bool:
    """Whether arguments that fit one `where` always fit another: each condition of the wide one is there, as narrow or narrower."""
    narrow_by_argument = {condition.argument: condition.values for condition in narrow}
    return all(_values_cover(condition.values, narrow_by_argument.get(condition.argument)) for condition in wide)


def _values_cover(wide: tuple[Scalar, ...], narrow: tuple[Scalar, ...] | None) -> bool:
    return narrow is not None and all(any(_one_covers(one, other) for one in wide) for other in narrow)


def _one_covers(wide: Scalar, narrow: Scalar) -> bool:
    if isinstance(wide, str) and isinstance(narrow, str):
        are_paths = all(value.startswith("/") and not any(char.isspace() for char in value) for value in (wide, narrow))
        return wide == narrow or (are_paths and len(wide) * len(narrow) <= MAX_COMPARED and value_contains(wide, narrow))
    return value_contains(wide, narrow)


def _are_inside(domains: tuple[str, ...], inside: tuple[str, ...]) -> bool:
    """Whether each domain is one of `inside` or below one: then what is outside `inside` is outside the domains too."""
    return all(any(domain == other or domain.endswith(f".{other}") for other in inside) for domain in domains)
