"""The hands of one plan: its connections, its journal, and what the read role sees before and after each move.

Does what `remedy.plan` says is next, and tells it what came of that; opened by `app.act` alone. Invariants: see there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from remit.contracts.system import IdentitySystem, OpensWriter, Reader, WriteSide
from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.evidence import Evidence, Gap
from remit.model.plan import Approval, Plan, PlanState, Probe, Proof, Step, StepState
from remit.model.shown import printable
from remit.remedy import plan as machine

_T = TypeVar("_T")
ALLOWED, DENIED = "allowed", "denied"
AS_BEFORE, AS_PLANNED = "as before the plan", "as the plan leaves it"
READ_BACK = "read back and evaluated"
_MOST_SECONDS = (0.1, 0.3, 1.0, 2.0, 4.0)
Readings = Mapping[str, tuple[NativeObject | Evidence | Gap, ...]]
"""By connection: everything that it showed."""


class Journal(Protocol):
    """What this module needs of a store."""

    @property
    def folder(self) -> Path:
        """Where the keys stand whose approvals count."""
        ...

    def get(self, kind: type[_T], key: str) -> _T | None:
        """The current record."""
        ...

    def all(self, kind: type[_T], prefix: str = "") -> list[_T]:
        """Every current record of a kind."""
        ...

    def put(self, record: msgspec.Struct, *, seen: str, by: str = "") -> bool:
        """Keeps a record; on disk when it returns."""
        ...

    def exclusive(self, what: str) -> AbstractContextManager[object]:
        """One at a time over processes."""
        ...

    def transaction(self) -> AbstractContextManager[object]:
        """Several puts as one."""
        ...


Watch = Callable[[Plan], None]
"""Is told of a plan each time that it was journalled: which step is done, and which is being done."""


def unwatched(_plan: Plan) -> None:
    """Tells nobody."""


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is carried out with."""

    systems: Mapping[str, IdentitySystem]
    """By kind."""
    environment: Mapping[str, str]
    now: Callable[[], str]
    """RFC 3339, UTC."""
    sleep: Callable[[float], None] = time.sleep
    patience_seconds: tuple[float, ...] = _MOST_SECONDS
    """Waits between readings, for systems that show a change late."""
    told: Watch = unwatched
    """Must not fail."""
    plugins: tuple[str, ...] = ()
    """Further packages to find write sides in."""
    around: Callable[[WriteSide], WriteSide] = lambda writer: writer
    """Put around each write side as it is opened: for kits, whose hands do wrong on purpose."""


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """Where a plan stands after somebody worked on it."""

    plan: Plan
    readings: Readings = {}
    """What was read anew at the end; none where nothing was."""


class Hands:
    """One plan on its way, with the connections that it needs."""

    def __init__(self, store: Journal, plan: Plan, means: Means) -> None:
        self._store = store
        self._means = means
        self.plan = plan
        self._closed: dict[str, str] = {}
        """Connections that cannot be reached, with the reason, where the plan goes on without them."""
        self._open = ExitStack()
        self._readers: dict[str, Reader] = {}
        self._writers: dict[str, WriteSide] = {}
        self._readings: dict[str, tuple[NativeObject | Evidence | Gap, ...]] = {}
        self._waits = list(means.patience_seconds)
        named = dict.fromkeys((*(step.connection for step in plan.steps), *(probe.connection for probe in plan.probes)))
        self._connections = {name: self._connected(name) for name in named}

    def __enter__(self) -> Hands:
        with ExitStack() as opened:
            for name, connection in self._connections.items():
                with self._spared(name):
                    self._readers[name] = self._means.systems[connection.kind].open(connection, self._means.environment)
                    opened.callback(self._readers[name].close)
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextmanager
    def _spared(self, name: str) -> Iterator[None]:
        """One connection that cannot be opened stops a plan that stops an agent only where it is the only one."""
        try:
            yield
        except RefusedError as error:
            others = set(self._connections) - {name, *self._closed}
            if not machine.goes_on(self.plan) or not others:
                raise
            self._closed[name] = str(error)

    def save(self, plan: Plan) -> Plan:
        """Journals the plan as it stands; in the store when this returns."""
        approval = plan.approval
        self._store.put(plan, seen=self._means.now(), by=approval.by if approval is not None else "")
        self.plan = plan
        self._means.told(plan)
        return plan

    def _connected(self, name: str) -> Connection:
        connection = self._store.get(Connection, name)
        if connection is None or not connection.is_connected:
            raise RefusedError(f"`{self.plan.id}` is about `{name}`, which is not connected: Remit touches nothing outside what is")
        if connection.kind not in self._means.systems:
            raise RefusedError(f"`{name}` is of a kind that this version cannot change")
        return connection

    def check_identities(self) -> None:
        """Raises RefusedError where a step is about an identity that must never be changed."""
        for name, connection in self._connections.items():
            objects = self._store.all(NativeObject, prefix=f"{name}|")
            held = {found.ref: found for found in self._means.systems[connection.kind].principals(objects)}
            for step in self.plan.steps:
                known = held.get(step.principal) if step.connection == name else None
                if known is not None and (known.is_own or known.is_protected):
                    why = "Remit itself acts as it" if known.is_own else "its system protects it"
                    raise RefusedError(f"`{self.plan.id}` would change `{known.short}`, which is never changed: {why}")

    def outdated(self) -> str:
        """Why a fresh plan cannot be applied: the first target that is not as it was when the plan was made; empty: all are."""
        for step in _first_on_each_target(self.plan.steps):
            found = self._read(step)
            if isinstance(found, machine.Unreadable):
                raise RefusedError(f"{_name(step)} cannot be read: {found.why}; nothing was done")
            if found != step.before:
                return (
                    f"{_name(step)} was changed by somebody else since this plan was made; nothing was done; "
                    f"`remit plan {self.plan.agent}` makes a new one from what is there now"
                )
        return ""

    def changed_since(self) -> str:
        """Why a plan cannot be taken back: the first target that somebody else changed since; empty: none."""
        done = [step for step, state in zip(self.plan.steps, self.plan.step_states, strict=True) if state is StepState.DONE]
        for step in _last_on_each_target(done):
            if any((step.connection, step.target) == (other.connection, other.target) for other in self._moving()):
                continue  # a later step on the same target was cut off: its turn comes first
            found = self._read(step, step.after, step.before)
            if isinstance(found, machine.Unreadable):
                return f"{_name(step)} cannot be read: {found.why}; nothing was taken back"
            if found not in (step.after, step.before):
                return f"{_name(step)} was changed by somebody else after the plan; nothing was taken back, so that their change stays"
        return ""

    def _moving(self) -> list[Step]:
        moving = (StepState.DOING, StepState.UNDOING, StepState.FAILED, StepState.AGAIN)
        return [step for step, state in zip(self.plan.steps, self.plan.step_states, strict=True) if state in moving]

    def rebase(self) -> None:
        """Puts a fresh plan that stops an agent on what stands there now."""
        first = _first_on_each_target(self.plan.steps)
        now = [self._read(step) if step in first else step.before for step in self.plan.steps]
        self.plan = machine.on_rebased(self.plan, now, self._means.now())

    def readings(self) -> Readings:
        """Everything that the connections show now, as far as they can be read."""
        for name in self._readers:
            try:
                self._reading(name)
            except Exception:  # noqa: BLE001, S112 - what cannot be read now is read by the next scan, which says why not
                continue
        return dict(self._readings)

    def open_writers(self, writers: Mapping[str, OpensWriter]) -> None:
        """Opens the write role of every connection that a step or a proof needs; raises RefusedError before anything moved."""
        approval = self.plan.approval
        if approval is None:
            raise machine.OutOfTurnError("the write side is opened against an approval alone")
        for name, connection in self._connections.items():
            if name not in self._closed:
                with self._spared(name):
                    self._open_writer(name, connection, writers.get(connection.kind), approval)

    def _open_writer(self, name: str, connection: Connection, opens: OpensWriter | None, approval: Approval) -> None:
        if opens is None:
            raise RefusedError(f"`{name}` has no write side in this version")
        writer = opens.open(connection, self._means.environment, approval)
        self._open.callback(writer.close)
        self._writers[name] = self._means.around(writer)

    def carry_out(self) -> Acted:
        """Does what the machine says until it waits or is done."""
        while True:
            match machine.next_move(self.plan):
                case machine.Do(number, step):
                    self._do(number, step)
                case machine.Undo(number, step):
                    self._undo(number, step)
                case machine.Verify():
                    self._verify()
                case _:
                    return Acted(plan=self.plan, readings=dict(self._readings))

    def _do(self, number: int, step: Step) -> None:
        state = self.plan.step_states[number]
        found = self._read(step) if state is StepState.WAITING else self._read(step, step.after, step.before)
        if found == step.after:
            self._begin(machine.on_doing, number)
            self.save(machine.on_done(self.plan, number, self._means.now()))
        elif found == step.before or self._is_ours(number, found):
            self._begin(machine.on_doing, number)
            failure = _failure(lambda: self._writers[step.connection].change(step))
            self._settle(number, step, failure, step.after, machine.on_done)
        else:
            self._blocked(number, step, found)

    def _undo(self, number: int, step: Step) -> None:
        found = self._read(step, step.before, step.after)
        if found == step.before:
            self._begin(machine.on_undoing, number)
            self.save(machine.on_undone(self.plan, number, self._means.now()))
        elif found == step.after or self._is_ours(number, found):
            self._begin(machine.on_undoing, number)
            failure = _failure(lambda: self._writers[step.connection].undo(step))
            self._settle(number, step, failure, step.before, machine.on_undone)
        else:
            self._blocked(number, step, found)

    def _begin(self, move: Callable[[Plan, int, str], Plan], number: int) -> None:
        # INVARIANT (journalled): in the store before the hand moves.
        self.save(move(self.plan, number, self._means.now()))

    def _is_ours(self, number: int, found: str | machine.Unreadable | None) -> bool:
        """Whether the target is what a failed move of this plan left, and nobody touched it since."""
        left = self.plan.found
        is_failed = self.plan.step_states[number] in (StepState.FAILED, StepState.AGAIN)
        return is_failed and str(number) in left and left[str(number)] == found

    def _settle(self, number: int, step: Step, failure: str, wanted: str | None, on_right: Callable[[Plan, int, str], Plan]) -> None:
        """After the hand moved: the read role says what came of it."""
        found = self._read(step) if failure else self._read(step, wanted)
        if not failure and found == wanted:
            self.save(on_right(self.plan, number, self._means.now()))
            return
        said = f"the system refused or failed: {failure}" if failure else "the system reported success"
        why = f"{step.what}: {said}; {_name(step)} {_state(step, found)}"
        self.save(machine.on_failed(self.plan, number, why, found, self._means.now()))

    def _blocked(self, number: int, step: Step, found: str | machine.Unreadable | None) -> None:
        """The target is in no state in which the hand may move."""
        if self.plan.step_states[number] in (StepState.DOING, StepState.UNDOING):
            # The process died with the hand on it: either it was cut off half-way, or somebody was there. A person is told which state
            # it is in; `rollback` after that puts back what stood there before, as long as it is still that state.
            why = (
                f"{step.what} was cut off, and {_name(step)} {_state(step, found)}: half done, or changed by somebody else; "
                f"`remit rollback {self.plan.id}` puts back what stood there before the plan"
            )
            self.save(machine.on_failed(self.plan, number, why, found, self._means.now()))
            return
        why = f"{_name(step)} {_state(step, found)}; it was left as it is"
        if not isinstance(found, machine.Unreadable):
            why = f"{_name(step)} {_state(step, found)}: somebody else changed it while the plan was under way; it was left as it is"
        if machine.goes_on(self.plan) and self.plan.state is not PlanState.UNDOING:
            self._begin(machine.on_doing, number)
            # Nothing was done to it: what stands there is not kept as what this plan left.
            nothing = machine.Unreadable("not touched")
            self.save(machine.on_failed(self.plan, number, why, nothing, self._means.now()))
        else:
            self.save(machine.on_stuck(self.plan, why, self._means.now()))

    def _read(self, step: Step, *wanted: str | None) -> str | machine.Unreadable | None:
        """The target's state by the read role; with `wanted` it waits for one of these, within bounds, and then takes what there is."""
        if step.connection in self._closed:
            return machine.Unreadable(self._closed[step.connection])
        waits = self._means.patience_seconds if wanted else ()
        for wait in (*waits, None):
            try:
                found: str | machine.Unreadable | None = self._readers[step.connection].current(step)
            except Exception as error:  # noqa: BLE001 - whatever a reader does, the plan's state is told
                found = machine.Unreadable(_in_words(error))
            if found in wanted or wait is None:
                break
            self._means.sleep(wait)
        return found

    # --- proofs -------------------------------------------------------------------------------------------------------------------

    def _verify(self) -> None:
        """Shows that the plan holds (or is gone): targets read once more, probes tried, the whole state read anew."""
        is_undo = self.plan.state is PlanState.UNDOING
        proofs = list(self._targets(is_undo))
        if not is_undo and all(proof.holds for proof in proofs):
            tried = [self._prove(probe) for probe in self._probes()]
            shown = {proof.identity for proof in tried}
            proofs = [*tried, *(proof for proof in proofs if proof.identity not in shown)]
        try:
            for name in self._readers:
                self._reading(name)
        except Exception as error:  # noqa: BLE001 - whatever a reader does, the plan's state is told
            self.save(machine.on_stuck(self.plan, f"the state after the plan cannot be read: {_in_words(error)}", self._means.now()))
        else:
            self.save(machine.on_verified(self.plan, proofs, self._means.now()))

    def _probes(self) -> list[Probe]:
        """What is to be tried: nothing as an identity on which a step failed, which the plan says anyway."""
        states = zip(self.plan.steps, self.plan.step_states, strict=True)
        failed = {step.principal for step, state in states if state is StepState.FAILED}
        return [probe for probe in self.plan.probes if probe.principal not in failed]

    def _reading(self, name: str) -> tuple[NativeObject | Evidence | Gap, ...]:
        """Everything that a connection shows now; read once for all probes."""
        if name not in self._readings:
            self._readings[name] = tuple(self._readers[name].read())
        return self._readings[name]

    def _targets(self, is_undo: bool) -> Iterator[Proof]:
        states = zip(self.plan.steps, self.plan.step_states, strict=True)
        touched = [step for step, state in states if state is not StepState.WAITING and (is_undo or state is StepState.DONE)]
        for step in _first_on_each_target(touched) if is_undo else _last_on_each_target(touched):
            wanted, word = (step.before, AS_BEFORE) if is_undo else (step.after, AS_PLANNED)
            found = self._read(step, wanted)
            got = word if found == wanted else _state(step, found)
            yield Proof(system=step.connection, identity=step.principal, tried=f"read {step.target}", expected=word, got=got, how=READ_BACK)

    def _prove(self, probe: Probe) -> Proof:
        proof = self._tried(probe)
        while not proof.holds and self._waits:
            # One allowance for all probes: a system that is slow is slow for all of them.
            self._means.sleep(self._waits.pop(0))
            self._readings.pop(probe.connection, None)
            proof = self._tried(probe)
        return proof

    def _tried(self, probe: Probe) -> Proof:
        expected = ALLOWED if probe.is_allowed else DENIED
        tried = f"{probe.action} on {probe.resource}" + (f" ({', '.join(probe.columns)})" if probe.columns else "")
        try:
            if probe.connection in self._closed:
                raise RefusedError(self._closed[probe.connection])
            proof = self._writers[probe.connection].prove(probe)
            if proof is not None:
                return msgspec.structs.replace(proof, expected=expected)
            kind = self._connections[probe.connection].kind
            objects = [item for item in self._reading(probe.connection) if isinstance(item, NativeObject)]
            verdict = self._means.systems[kind].decides(objects, probe.principal, probe.action, probe.resource, probe.columns)
            got = f"depends on {', '.join(verdict.depends_on)}" if verdict.depends_on else ALLOWED if verdict.is_allowed else DENIED
        except Exception as error:  # noqa: BLE001 - what could not be tried is shown as not tried
            got = f"could not be tried: {_in_words(error)}"
        return Proof(system=probe.connection, identity=probe.principal, tried=tried, expected=expected, got=got, how=READ_BACK)


def _first_on_each_target(steps: Sequence[Step]) -> list[Step]:
    """The steps whose target no earlier step brings into the state that they begin with."""
    return [step for number, step in enumerate(steps) if not any(_leads_to(earlier, step) for earlier in steps[:number])]


def _last_on_each_target(steps: Sequence[Step]) -> list[Step]:
    """The steps whose target no later step changes again."""
    return [step for number, step in enumerate(steps) if not any(_leads_to(step, later) for later in steps[number + 1 :])]


def _leads_to(earlier: Step, later: Step) -> bool:
    return (earlier.connection, earlier.target) == (later.connection, later.target) and earlier.after == later.before


def _failure(move: Callable[[], None]) -> str:
    """What a write side said when it failed; empty: it reported success."""
    try:
        move()
    except Exception as error:  # noqa: BLE001 - a write side may fail in any way; what it did is read back
        return _in_words(error) or "no reason given"
    return ""


def _in_words(error: Exception) -> str:
    """Errors made for people are shown; of others only the kind, for their text may hold anything."""
    return printable(str(error), 600) if isinstance(error, RefusedError) else type(error).__name__


def _name(step: Step) -> str:
    return f"`{printable(step.target)}` in `{step.connection}`"


def _state(step: Step, found: str | machine.Unreadable | None) -> str:
    if isinstance(found, machine.Unreadable):
        return f"cannot be read back: {found.why}"
    if found == step.before:
        return "is as it was before the plan"
    if found == step.after:
        return "is as the plan wants it"
    return "is not there" if found is None else "is neither as before the plan nor as the plan wants it"
