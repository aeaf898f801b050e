"""What an agent is for, as approved. Every capability hangs from an objective, so every permission has a why.

The grammar is `remit-language` section 2. Records are made by `document.parse`, which settles every rule that a single
document can break; code elsewhere may rely on them:
- system names are well formed; `*` as a system occurs only in a `never`;
- a capability always has a resource; a `never` without one means every resource (`resource` is then `*`);
- `hash` is the SHA-256 of the canonical form, which leaves out lines, hash and path.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

Scalar = str | int | float | bool


class Mode(StrEnum):
    """What steps 2, 3, 4 and 6 of a decision amount to."""

    OBSERVE = "observe"
    ASK = "ask"
    ENFORCE = "enforce"


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for the agent."""

    contact: str
    team: str | None = None
    deputy: str | None = None


class Condition(msgspec.Struct, frozen=True):
    """One key of a `where`: the argument and what it may be (any of the values)."""

    argument: str
    """Name, or dotted path into objects."""
    values: tuple[Scalar, ...]


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a `can`."""

    verb: str
    """A word of `verbs.LINE_VERBS`."""
    system: str
    resource: str
    where: tuple[Condition, ...] = ()
    columns: tuple[str, ...] = ()
    """Empty: every column."""
    data_class: str | None = None
    line: int = 0
    """1-based line in the document; not part of the canonical form."""


class Never(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `never`."""

    verb: str
    system: str
    """`kind:name`, or `*` for every system."""
    resource: str = "*"
    where: tuple[Condition, ...] = ()
    outside: tuple[str, ...] = ()
    """Domains; empty: the line does not depend on destinations."""
    line: int = 0


class Objective(msgspec.Struct, frozen=True, kw_only=True):
    """One goal, and what it needs."""

    name: str
    why: str
    can: tuple[Capability, ...]
    line: int = 0


class Window(StrEnum):
    """Over which stretch a limit counts: a sliding window, or a session."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    TASK = "task"

    @property
    def seconds(self) -> int | None:
        """Length of the sliding window; None for a session."""
        return {"minute": 60, "hour": 3600, "day": 86400}.get(self.value)


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """`600/hour`, `0 USD/day`, `10000/task`."""

    amount: float
    """Requests, units of `currency`, or rows. A whole number except for `pay`."""
    window: Window
    currency: str | None = None
    """ISO 4217 code, for `pay` only."""
    line: int = 0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What may be used up; None means no limit."""

    calls: Limit | None = None
    pay: Limit | None = None
    rows: Limit | None = None


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """When the remit ends and when people are asked about it."""

    expires: str | None = None
    """ISO date; the remit holds up to the end of that day, UTC."""
    review_days: int | None = None
    dormant_after_days: int | None = None


class Remit(msgspec.Struct, frozen=True, kw_only=True):
    """The approved purpose of one agent, versioned and content-hashed."""

    remit: int = 1
    """Version of the format."""
    agent: str
    """Slug, without `agent:`."""
    purpose: str
    owner: Owner
    approvers: tuple[str, ...]
    identities: tuple[str, ...] = ()
    objectives: tuple[Objective, ...]
    never: tuple[Never, ...] = ()
    limits: Limits = Limits()
    lifecycle: Lifecycle = Lifecycle()
    mode: Mode = Mode.ENFORCE
    hash: str = ""
    """`sha256:` and 64 hexadecimal digits of the canonical form."""
    path: str = ""
    """The file that it was read from; not part of the canonical form."""
    is_signed: bool = False
    """False: taken from a file, `unsigned`."""

    def capabilities(self) -> Iterator[tuple[Objective, Capability]]:
        """Every line of every `can`, with the objective it hangs from, in the order of the document."""
        for objective in self.objectives:
            for capability in objective.can:
                yield objective, capability
