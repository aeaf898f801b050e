"""What an agent needs and what it must never do, taken from its approved remit or, until there is one, from its draft."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from remit.model.draft import Draft, DraftLine, Origin, Reason
from remit.model.identity import Because
from remit.model.place import Place
from remit.model.remit import Capability, Remit
from remit.model.verbs import ANY, CALL

_MOST_PLACES = 3
_WHOLE = frozenset({ANY, CALL})


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One line that says what is needed."""

    verb: str
    system: str
    resource: str
    columns: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    """The system's own, where evidence names them (a draft)."""
    objective: str
    why: str
    rule: str
    """`objectives.x.can[0]`."""
    because: tuple[Because, ...]
    is_conditional: bool = False
    """It has a `where`, which no identity system can hold."""

    def asks_for(self, verb: str | None) -> bool:
        """Whether an action of this verb is what it is about."""
        return self.verb in _WHOLE or (verb is not None and verb == self.verb)


class Forbidden(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `never` that holds whatever the arguments are."""

    verb: str
    system: str
    resource: str
    rule: str
    because: Because

    def is_about(self, system: str, verb: str | None) -> bool:
        """Whether it forbids actions of this verb on this system, on some resource."""
        return self.system in ("*", system) and (self.verb in _WHOLE or (verb is not None and verb == self.verb))


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """Both, and where they come from."""

    needs: tuple[Need, ...]
    forbidden: tuple[Forbidden, ...]
    is_from_draft: bool
    hash: str


def needs_of(source: Remit | Draft) -> Needs:
    """The needs of a remit, or those of a draft that something but use supports."""
    return _of_remit(source) if isinstance(source, Remit) else _of_draft(source)


def _of_remit(remit: Remit) -> Needs:
    needs = tuple(
        Need(
            verb=line.verb,
            system=line.system,
            resource=line.resource,
            columns=line.columns,
            objective=objective.name,
            why=objective.why,
            rule=f"objectives.{objective.name}.can[{number}]",
            because=(Because(place=_place(remit, line.line), text=f"objectives.{objective.name}.can[{number}]"),),
            is_conditional=_is_held_nowhere(line),
        )
        for objective in remit.objectives
        for number, line in enumerate(objective.can)
    )
    forbidden = tuple(
        Forbidden(
            verb=never.verb,
            system=never.system,
            resource=never.resource,
            rule=f"never[{number}]",
            because=Because(place=_place(remit, never.line), text=f"never[{number}]"),
        )
        for number, never in enumerate(remit.never)
        if not never.where and not never.outside
    )
    return Needs(needs=needs, forbidden=forbidden, is_from_draft=False, hash=remit.hash)


def _of_draft(draft: Draft) -> Needs:
    whys = {objective.name: objective.why for objective in draft.objectives}
    numbers: dict[str, int] = {}
    needs = []
    for line in draft.lines:
        # INVARIANT (use makes no need): out of intent until a person takes it up.
        if line.is_observed_only:
            continue
        number = numbers.get(line.objective, 0)
        numbers[line.objective] = number + 1
        needs.append(
            Need(
                verb=line.verb,
                system=line.system,
                resource=line.resource,
                columns=line.columns,
                actions=line.actions,
                objective=line.objective,
                why=whys.get(line.objective, ""),
                rule=f"objectives.{line.objective}.can[{number}]",
                because=tuple(_shown(line.reasons)),
                is_conditional=_is_held_nowhere(line),
            )
        )
    forbidden = tuple(
        Forbidden(verb=never.verb, system=never.system, resource=never.resource, rule=f"never[{number}]", because=never.because)
        for number, never in enumerate(draft.never)
        if not never.outside
    )
    return Needs(needs=tuple(needs), forbidden=forbidden, is_from_draft=True, hash="")


def _is_held_nowhere(line: Capability | DraftLine) -> bool:
    """Whether it has a `where` on what only identities give; one on a tool is held at a point."""
    return bool(line.where) and not line.system.startswith("mcp:")


def _shown(reasons: Iterable[Reason]) -> Iterable[Because]:
    """A few places of each origin, what was declared first."""
    for origin in (Origin.DECLARED, Origin.INFERRED):
        yield from [reason.because for reason in reasons if reason.origin is origin][:_MOST_PLACES]


def _place(remit: Remit, line: int) -> Place:
    return Place(remit.path or f"remit of {remit.agent}", line or None)
