"""What every write side must do, whatever its system: ask it on a live connection, and list what it does wrong.

A system's author calls `violations(...)` with a connection to a server that may be changed, and wants none. For every identity, and for
narrowing, stopping and retiring it, proved are the rules of `contracts.system`:
- steps begin where the read role sees the targets, and change them to something else;
- what `after` derives from the steps is what the system shows once they are done, for every identity;
- narrowing keeps what it is told to keep and newly allows nothing; stopping denies what the probes say;
- rolling back brings every target, and the access of every identity, to where it was;
- hands that do nothing, fail, or succeed while reporting failure leave the plan stuck, and honest hands then finish it or take it back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from remit.app.act import Acted, Means, apply, roll_back
from remit.contracts.system import IdentitySystem, WriteSide
from remit.model.access import Access, NativeObject, Principal
from remit.model.alignment import AlignmentLine, Class
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.plan import Approval, Plan, PlanKind, PlanState, Probe, Proof, Proposal, Step
from remit.remedy.plan import NOTHING_TO_REPLAY, draft_plan, on_replayed

_AT = "2030-01-01T00:00:00Z"
_T = TypeVar("_T")


class Fault(StrEnum):
    """One way in which hands do wrong."""

    NOTHING = "does nothing and reports success"
    FAILS = "does nothing and reports failure"
    DONE_FAILS = "does it and reports failure"


class Clumsy:
    """A write side whose moves go wrong from the first on."""

    def __init__(self, writer: WriteSide, fault: Fault) -> None:
        self._writer = writer
        self._fault = fault

    def change(self, step: Step) -> None:
        """Makes the target what `step.after` says, or not."""
        self._move(self._writer.change, step)

    def undo(self, step: Step) -> None:
        """Makes the target what `step.before` says, or not."""
        self._move(self._writer.undo, step)

    def _move(self, move: Callable[[Step], None], step: Step) -> None:
        if self._fault is Fault.DONE_FAILS:
            move(step)
        if self._fault is not Fault.NOTHING:
            raise RefusedError("the connection was lost")

    def prove(self, probe: Probe) -> Proof | None:
        """Says what is expected, whatever is true."""
        word = "allowed" if probe.is_allowed else "denied"
        return Proof(
            system=probe.connection, identity=probe.principal, tried=probe.action, expected=word, got=word, how="it says so itself"
        )

    def close(self) -> None:
        """Ends the connection."""
        self._writer.close()


class Notebook:
    """A store of the kit's own: in memory, every record through its stored form."""

    def __init__(self, records: Iterable[msgspec.Struct] = ()) -> None:
        self.folder = Path()
        """Where keys would stand; the kit's plans need no approver."""
        self._kept: dict[tuple[type, str], bytes] = {}
        self.history: dict[str, list[Plan]] = defaultdict(list)
        """Every state of every plan, oldest first."""
        for record in records:
            self.put(record, seen=_AT)

    def get(self, kind: type[_T], key: str) -> _T | None:
        """The current record."""
        kept = self._kept.get((kind, key))
        return None if kept is None else msgspec.json.decode(kept, type=kind)

    def all(self, kind: type[_T], prefix: str = "") -> list[_T]:
        """Every current record of a kind."""
        found = sorted((key, kept) for (its, key), kept in self._kept.items() if its is kind and key.startswith(prefix))
        return [msgspec.json.decode(kept, type=kind) for _, kept in found]

    def put(self, record: msgspec.Struct, *, seen: str, by: str = "") -> bool:  # noqa: ARG002 - a store's signature
        """Keeps a record."""
        key = (type(record), _key(record))
        kept = msgspec.json.encode(record)
        if isinstance(record, Plan):
            self.history[record.id].append(record)
        is_new = self._kept.get(key) != kept
        self._kept[key] = kept
        return is_new

    def exclusive(self, what: str) -> AbstractContextManager[object]:
        """Only one works with the kit."""
        return nullcontext(what)

    def transaction(self) -> AbstractContextManager[object]:
        """Nothing fails in between."""
        return nullcontext()


def _key(record: msgspec.Struct) -> str:
    if isinstance(record, NativeObject):
        return f"{record.connection}|{record.kind}|{record.id}"
    if hasattr(record, "version"):
        return f"{getattr(record, 'agent', '')}@{record.version:06d}"
    agent, principal = getattr(record, "agent", ""), getattr(record, "principal", None)
    return f"{agent}|{principal}" if principal is not None else str(getattr(record, "id", agent))


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One plan that the kit tries."""

    what: str
    kind: PlanKind
    principal: str
    proposal: Proposal
    keep: tuple[AlignmentLine, ...] = ()


class _Stage:
    """The system, its live connection, and what the kit knows of both."""

    def __init__(self, system: IdentitySystem, connection: Connection, environment: Mapping[str, str], plugins: tuple[str, ...]) -> None:
        self.system = system
        self.connection = connection
        self.environment = environment
        self.plugins = plugins

    def read(self) -> list[NativeObject]:
        """What the read role sees now."""
        reader = self.system.open(self.connection, self.environment)
        try:
            return [item for item in reader.read() if isinstance(item, NativeObject)]
        finally:
            reader.close()

    def current(self, steps: Sequence[Step]) -> list[str | None]:
        """What the read role sees of each target now."""
        reader = self.system.open(self.connection, self.environment)
        try:
            return [reader.current(step) for step in steps]
        finally:
            reader.close()

    def changeable(self, objects: Sequence[NativeObject]) -> list[Principal]:
        """The identities that a plan may be about."""
        found = self.system.principals(objects)
        return [one for one in found if not one.is_own and not one.is_protected and one.person is None]

    def reach(self, objects: Sequence[NativeObject]) -> dict[str, frozenset[tuple[object, ...]]]:
        """The access of every identity, in a form that compares."""
        refs = [principal.ref for principal in self.system.principals(objects)]
        return {found.principal: frozenset(map(_comparable, found.access)) for found in self.system.access(objects, refs)}

    def plan_of(self, trial: Trial) -> Plan:
        """The trial as a plan that may be applied."""
        plan = draft_plan("plan:kit", "kit", PlanKind.QUARANTINE, [trial.proposal], _AT)
        return on_replayed(plan, NOTHING_TO_REPLAY, (), _AT)

    def act(
        self,
        run: Callable[[Notebook, str, Approval, Means], Acted],
        store: Notebook,
        around: Callable[[WriteSide], WriteSide] | None = None,
    ) -> Plan:
        """Applies or rolls back through `app.act`."""
        approval = Approval(plan="plan:kit", by="kit", os_user="kit", at=_AT)
        means = Means(
            systems={self.connection.kind: self.system},
            environment=self.environment,
            now=lambda: _AT,
            plugins=self.plugins,
            around=around or (lambda writer: writer),
            patience_seconds=(0.0, 0.0) if around else (0.05, 0.2, 1.0),
        )
        return run(store, "plan:kit", approval, means).plan

    def notebook(self, trial: Trial) -> Notebook:
        """A store that holds the plan and what it needs."""
        return Notebook([self.connection, self.plan_of(trial)])


def violations(
    system: IdentitySystem, connection: Connection, environment: Mapping[str, str], plugins: tuple[str, ...] = (), most_principals: int = 8
) -> list[str]:
    """What the write side does wrong; empty: it passes. `plugins` names further packages in which the write side is looked for."""
    stage = _Stage(system, connection, environment, plugins)
    objects = stage.read()
    principals = stage.changeable(objects)
    if not principals:
        return ["there is no identity that may be changed: nothing was tried"]
    found: list[str] = []
    tried = 0
    for principal in principals[:most_principals]:
        for trial in _trials(system, objects, principal):
            tried += len(trial.proposal.steps)
            found += [f"{trial.what}: {problem}" for problem in _one(stage, objects, trial)]
            if found:
                return found  # what follows would begin in an unknown state
    return found if tried else ["no plan had a step: nothing was tried"]


def _trials(system: IdentitySystem, objects: Sequence[NativeObject], principal: Principal) -> Iterator[Trial]:
    lines = _lines(system, objects, principal.ref)
    for keep in (lines[::2], ()):
        proposal = system.narrow(objects, principal.ref, keep, "kit")
        yield Trial(
            what=f"narrow {principal.short} to {len(keep)} lines",
            kind=PlanKind.RIGHT_SIZE,
            principal=principal.ref,
            proposal=proposal,
            keep=keep,
        )
    for kind, propose in ((PlanKind.QUARANTINE, system.stop), (PlanKind.RETIRE, system.retire)):
        proposal = propose(objects, principal.ref, (), "kit")
        yield Trial(what=f"{kind} {principal.short}", kind=kind, principal=principal.ref, proposal=proposal)


def _lines(system: IdentitySystem, objects: Sequence[NativeObject], principal: str) -> tuple[AlignmentLine, ...]:
    """Everything that an identity can certainly do, as lines that are needed."""
    return tuple(
        AlignmentLine(
            principal=principal,
            system=access.system,
            action=access.action,
            resource=access.resource,
            class_=Class.NEEDED_UNUSED,
            why="the kit",
            columns=access.columns,
        )
        for found in system.access(objects, [principal])
        for access in found.access
        if not access.depends_on
    )


def _one(stage: _Stage, objects: Sequence[NativeObject], trial: Trial) -> Iterator[str]:
    steps = trial.proposal.steps
    wrong = list(_before(stage, trial))
    if wrong or not steps:
        yield from wrong
        return
    was, texts = stage.reach(objects), stage.current(steps)
    derived = stage.system.after(objects, steps)
    yield from _purely(stage, objects, derived, trial)
    for fault in Fault:
        store = stage.notebook(trial)
        stuck = stage.act(apply, store, lambda writer, fault=fault: Clumsy(writer, fault))  # type: ignore[misc]
        if stuck.state is not PlanState.STUCK:
            yield f"hands whose work {fault}: the plan is {stuck.state}, and must be stuck"
        undone = stage.act(roll_back, store)
        if undone.state is not PlanState.UNDONE:
            yield f"hands whose work {fault}, then a roll back: the plan is {undone.state}: {undone.stuck_because}"
            return
    store = stage.notebook(trial)
    applied = stage.act(apply, store)
    if applied.state is not PlanState.APPLIED:
        yield f"applied, it is {applied.state}: {applied.stuck_because}"
    else:
        live = stage.read()
        yield from _differences("what `after` derives", stage.reach(derived), stage.reach(live))
        yield from _kept(stage, objects, live, trial)
    undone = stage.act(roll_back, store)
    if undone.state is not PlanState.UNDONE:
        yield f"rolled back, it is {undone.state}: {undone.stuck_because}"
    if stage.current(steps) != texts:
        yield "rolled back, a target is not what it was"
    yield from _differences("rolled back, access", was, stage.reach(stage.read()))


def _before(stage: _Stage, trial: Trial) -> Iterator[str]:
    seen: set[str] = set()
    texts = stage.current(trial.proposal.steps)
    for step, text in zip(trial.proposal.steps, texts, strict=True):
        if step.before == step.after:
            yield f"a step changes nothing: {step.what}"
        if step.target not in seen and text != step.before:
            yield f"a step begins where its target is not: {step.what}"
        seen.add(step.target)
        if step.connection != stage.connection.id or not step.what.strip() or not step.operation:
            yield f"a step does not say what it is: {step.target}"
        if step.principal != trial.principal:
            yield f"a step is about another identity: {step.principal}"


def _purely(stage: _Stage, objects: Sequence[NativeObject], derived: Sequence[NativeObject], trial: Trial) -> Iterator[str]:
    back = [msgspec.structs.replace(step, before=step.after, after=step.before) for step in reversed(trial.proposal.steps)]
    yield from _differences("`after` of the reverse", stage.reach(objects), stage.reach(stage.system.after(derived, back)))


def _kept(stage: _Stage, objects: Sequence[NativeObject], live: Sequence[NativeObject], trial: Trial) -> Iterator[str]:
    system = stage.system
    for line in trial.keep:
        call = (trial.principal, line.action, line.resource, line.columns)
        if "*" not in line.action + line.resource and system.decides(objects, *call).is_allowed > system.decides(live, *call).is_allowed:
            yield f"what was to be kept is gone: {line.action} on {line.resource}"
    for access in (access for found in system.access(live, [trial.principal]) for access in found.access):
        call = (trial.principal, access.action, access.resource, access.columns)
        if (
            "*" not in access.action + access.resource
            and system.decides(live, *call).is_allowed > system.decides(objects, *call).is_allowed
        ):
            yield f"newly allowed: {access.action} on {access.resource}"


def _differences(
    what: str, wanted: Mapping[str, frozenset[tuple[object, ...]]], found: Mapping[str, frozenset[tuple[object, ...]]]
) -> Iterator[str]:
    for principal in sorted({*wanted, *found}):
        missing = wanted.get(principal, frozenset()) - found.get(principal, frozenset())
        extra = found.get(principal, frozenset()) - wanted.get(principal, frozenset())
        if missing or extra:
            first = min(map(str, missing or extra))
            yield f"{what} differs for {principal}: {len(missing)} missing, {len(extra)} too many, such as {first}"


def _comparable(access: Access) -> tuple[object, ...]:
    return (
        access.system,
        access.action.lower(),
        access.resource,
        str(access.decision),
        tuple(sorted(access.depends_on)),
        tuple(sorted(access.columns)),
    )
