"""A plan as its pages show it: stages, steps with their differences, what may be done with it now, and why not."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence

import msgspec

from remit.app import act
from remit.app.current import Current
from remit.app.mend import why_not_released
from remit.app.views.native_text import laid_out
from remit.app.views.replay_words import Verdict, verdict
from remit.govern import lifecycle
from remit.model.agent import AgentState
from remit.model.errors import RefusedError
from remit.model.plan import Approval, Plan, PlanKind, PlanState, Proof, Step, StepState
from remit.remedy import plan as machine
from remit.store.records import Version

MOST_LINES = 240
"""Lines of one difference; both texts whole are in the store."""
_PATH = (PlanState.DRAFTED, PlanState.REPLAYED, PlanState.APPROVED, PlanState.APPLYING, PlanState.APPLIED)
_BACK = (PlanState.UNDOING, PlanState.UNDONE)
_MOST_STAGES = 9
_ABSENT = (None, "[]")
_NOT_BEGUN = (PlanState.DRAFTED, PlanState.REPLAYED, PlanState.APPROVED)
_CAN_BE_TAKEN_BACK = frozenset({PlanState.APPLYING, PlanState.APPLIED, PlanState.STUCK, PlanState.UNDOING})
_CAN_GO_ON = frozenset({PlanState.REPLAYED, PlanState.APPROVED, PlanState.APPLYING, PlanState.STUCK})
TITLES = {PlanKind.RIGHT_SIZE: "Narrow", PlanKind.QUARANTINE: "Stop", PlanKind.RETIRE: "Retire"}
"""What a plan does to its agent."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a plan, on the line from drafted to its end."""

    name: str
    is_past: bool = False
    is_now: bool = False
    at: str = ""
    by: str = ""


class StepShown(msgspec.Struct, frozen=True, kw_only=True):
    """One step with its difference."""

    number: int
    mark: str
    """`+` is written, `-` is taken away, `~` is changed."""
    step: Step
    state: StepState
    lines: Sequence[str]
    left_out: int


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may do with a plan, and what stands against it as far as that is known before the click."""

    may_apply: bool = False
    apply_word: str = "Approve and apply"
    why_not_apply: str = ""
    may_roll_back: bool = False
    why_not_roll_back: str = ""
    is_released: bool = False
    """A quarantine: it ends by a release of its agent."""
    is_for_good: bool = False
    """A retirement that is complete."""
    approvers: tuple[str, ...] = ()
    caution: str = ""
    """What will probably stand against it."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A plan in a list."""

    plan: Plan
    superseded: str = ""
    """Why nobody need look at it; empty: nothing says so."""
    is_moving: bool = False
    """Somebody carries it out at this moment."""

    @property
    def is_superseded(self) -> bool:
        """A newer plan of its agent is there, or was carried out since, or it was made of what is not there any more."""
        return bool(self.superseded)

    @property
    def verdict(self) -> Verdict:
        """What its replay says; found for those alone that are shown."""
        return verdict(self.plan)

    @property
    def needs_end(self) -> bool:
        """Whether it began and did not end: it has to be finished or taken back."""
        if self.is_moving or self.is_superseded:
            return False
        is_begun = self.plan.kind is not PlanKind.RIGHT_SIZE and self.plan.state in _NOT_BEGUN and bool(self.plan.steps)
        return is_begun or self.plan.state is PlanState.STUCK or machine.is_half_done(self.plan)

    @property
    def waits(self) -> bool:
        """Whether it waits for an approver."""
        is_open = self.plan.state in _NOT_BEGUN and bool(self.plan.steps)
        return is_open and not (self.is_superseded or self.needs_end or self.is_moving)

    @property
    def rank(self) -> int:
        """The lower, the sooner somebody has to look at it."""
        if self.needs_end or self.is_moving:
            return 0
        if self.waits:
            return 2 if self.plan.is_from_draft else 1
        return 5 if self.is_superseded else 3 if self.plan.state is PlanState.APPLIED else 4


def stages(plan: Plan, history: Sequence[Version[Plan]]) -> list[Stage]:
    """The stages that a plan went through, where it stands, and what lies ahead."""
    passed: list[Stage] = []
    for state, versions in itertools.groupby(history, key=lambda version: version.record.state):
        first = next(iter(versions))
        passed.append(Stage(name=str(state), is_past=True, at=first.seen, by=first.by))
    if len(passed) > _MOST_STAGES:
        passed = passed[-_MOST_STAGES:]
    elif passed and passed[0].name in _PATH:
        # What a plan passes through while it is made is not kept state by state.
        passed = [
            *(Stage(name=str(state), is_past=True, at=plan.made) for state in _PATH[: _PATH.index(PlanState(passed[0].name))]),
            *passed,
        ]
    if passed:
        last = passed[-1]
        passed[-1] = Stage(name=last.name, is_now=True, at=last.at, by=last.by)
    way = _PATH if plan.state in _PATH else _BACK if plan.state in _BACK else ()
    return [*passed, *(Stage(name=str(state)) for state in way[way.index(plan.state) + 1 :])] if way else passed


def steps_by_identity(current: Current, plan: Plan) -> list[tuple[str, list[StepShown]]]:
    """Steps in their order, by the identity that they are about."""
    numbered = list(enumerate(zip(plan.steps, plan.step_states, strict=True), 1))
    return [
        (current.identity_text(principal), [_step(number, step, state) for number, (step, state) in members])
        for principal, members in itertools.groupby(numbered, key=lambda item: item[1][0].principal)
    ]


def proofs_by_identity(current: Current, proofs: Iterable[Proof]) -> list[tuple[str, list[Proof]]]:
    """What was tried, by the identity as which."""
    return [(current.identity_text(ref), list(members)) for ref, members in itertools.groupby(proofs, key=lambda proof: proof.identity)]


def moves(current: Current, plan: Plan, others: Sequence[Plan]) -> Moves:
    """What may be done with a plan now; `others` are the plans of its agent."""
    needs_approver = plan.kind is not PlanKind.QUARANTINE
    why, approvers = who_may(current, plan.agent, plan.kind) if needs_approver else ("", ())
    may_apply = plan.state in _CAN_GO_ON and bool(plan.steps or plan.kind is not PlanKind.RIGHT_SIZE)
    may_roll_back = plan.state in _CAN_BE_TAKEN_BACK and needs_approver and not machine.is_for_good(plan)
    why_not_back = why or _why_not_back(current, plan)
    against = why or _why_not_now(current, plan)
    return Moves(
        may_apply=may_apply and not against,
        apply_word=_apply_word(plan),
        why_not_apply=against if may_apply else "",
        may_roll_back=may_roll_back and not why_not_back,
        why_not_roll_back=why_not_back if may_roll_back else "",
        is_released=plan.kind is PlanKind.QUARANTINE and plan.state in _CAN_BE_TAKEN_BACK and not why_not_released(current, plan.agent),
        is_for_good=machine.is_for_good(plan),
        approvers=approvers,
        caution=_caution(current, plan, others) if may_apply and not against else "",
    )


def who_may(current: Current, agent: str, kind: PlanKind) -> tuple[str, tuple[str, ...]]:
    """Why nobody may carry out a plan of this kind, and else who may."""
    what = "retire" if kind is PlanKind.RETIRE else "apply"
    try:
        remit = current.remit_to_act_by(agent)
        owner = current.owners.get(agent)
        approvers = remit.approvers if remit is not None else (owner.person,) if owner is not None else ()
        lifecycle.may_change(approvers[0] if approvers else "", agent, remit, owner, what=what)
    except RefusedError as error:
        return str(error), ()
    return "", approvers


def why_no_hands(current: Current, connections: Iterable[str]) -> str:
    """Why systems cannot be changed at all, as far as their connections say; empty: they can."""
    without = [name for name in dict.fromkeys(connections) if name in current.connections and not current.connections[name].has_write_role]
    gone = [name for name in dict.fromkeys(connections) if name not in current.connections]
    if gone:
        return f"it is about `{gone[0]}`, which is not connected any more: nothing is touched outside what is connected"
    if not without:
        return ""
    kind = current.connections[without[0]].kind
    named = ", ".join(f"`{name}`" for name in without)
    has = "has" if len(without) == 1 else "have"
    return f"{named} {has} no write role, so nothing can be changed there; `remit connect {kind} --print-policy write` prints what it needs"


def check_moves(current: Current, plan: Plan, by: tuple[str, str], at: str, *, is_apply: bool) -> None:
    """Raises RefusedError where this plan does not move by this person's word, as far as the store says; who acts looks again."""
    moved = machine.on_approved if is_apply else machine.on_roll_back
    moved(plan, Approval(plan=plan.id, by=by[0], os_user=by[1], at=at), at)  # a trial: what comes of it is not kept
    _check_person(current, plan, by[0], is_apply=is_apply)


def _check_person(current: Current, plan: Plan, person: str, *, is_apply: bool) -> None:
    if plan.kind is not PlanKind.QUARANTINE:
        what = "retire" if plan.kind is PlanKind.RETIRE else "apply"
        lifecycle.may_change(person, plan.agent, current.remit_to_act_by(plan.agent), current.owners.get(plan.agent), what=what)
    standing = current.standings.get(plan.agent)
    if is_apply:
        act.check_applies(plan, current.remits.get(plan.agent), standing)
    else:
        act.check_rolls_back(plan, standing)


def removed_by_identity(plan: Plan) -> list[tuple[str, list[str]]]:
    """What the agent can no longer do, by the identity that each sentence begins with; other sentences stay whole, under no name."""
    found: dict[str, list[str]] = {}
    for sentence in plan.risk_removed:
        identity, mark, rest = sentence.partition(" can no longer do ")
        is_named = bool(mark) and identity.startswith("`") and identity.endswith("`")
        found.setdefault(identity.strip("`") if is_named else "", []).append(rest if is_named else sentence)
    return list(found.items())


def listed(current: Current, plans: Iterable[Plan], moving: Container[str] = ()) -> list[Listed]:
    """Plans in the order in which they need somebody: stuck and half done, waiting, then what is over, the newest first.

    `plans` are all of each agent that they are of; `moving` are ids of those that somebody carries out now.
    """
    by_agent: dict[str, list[Plan]] = defaultdict(list)
    for plan in plans:
        by_agent[plan.agent].append(plan)
    shown = []
    for mine in by_agent.values():
        course = machine.course_of(mine)
        shown += [Listed(plan=plan, superseded=superseded(current, plan, course), is_moving=plan.id in moving) for plan in mine]
    shown.sort(key=lambda one: (one.plan.changed, one.plan.id), reverse=True)
    return sorted(shown, key=lambda one: one.rank)


def superseded(current: Current, plan: Plan, course: machine.Course) -> str:
    """Why nobody need look at a plan that was never begun; empty: nothing says so. `course` is that of its agent."""
    remit = current.remits.get(plan.agent)
    why = machine.why_superseded(plan, course, remit.hash if remit is not None else "")
    if not why and plan.kind is PlanKind.RIGHT_SIZE and machine.is_fresh(plan) and current.state(plan.agent) is AgentState.RETIRED:
        return f"`{plan.agent}` is retired"
    return why


def proof_line(proof: Proof) -> str:
    """A proof in one line."""
    if proof.holds:
        return f"holds: {proof.tried}: {proof.got} ({proof.how})"
    return f"does not hold: {proof.tried}: expected {proof.expected}, got {proof.got} ({proof.how})"


def _step(number: int, step: Step, state: StepState) -> StepShown:
    mark = "+" if step.before in _ABSENT else "-" if step.after in _ABSENT else "~"
    lines = laid_out(step.operation, step.before, step.after)
    return StepShown(number=number, mark=mark, step=step, state=state, lines=lines[:MOST_LINES], left_out=max(0, len(lines) - MOST_LINES))


def _apply_word(plan: Plan) -> str:
    if not machine.is_fresh(plan):
        return "Go on with it"
    return "Approve and apply" if plan.kind is PlanKind.RIGHT_SIZE else "Carry it out"


def _why_not_now(current: Current, plan: Plan) -> str:
    try:
        act.check_applies(plan, current.remits.get(plan.agent), current.standings.get(plan.agent))
    except RefusedError as error:
        return str(error)
    return why_no_hands(current, [step.connection for step in plan.steps])


def _why_not_back(current: Current, plan: Plan) -> str:
    try:
        act.check_rolls_back(plan, current.standings.get(plan.agent))
    except RefusedError as error:
        return str(error)
    return ""


def _caution(current: Current, plan: Plan, others: Sequence[Plan]) -> str:
    if not machine.is_fresh(plan) or plan.kind is not PlanKind.RIGHT_SIZE:
        return ""
    half = [other for other in others if other.id != plan.id and machine.is_half_done(other)]
    if half:
        return f"`{half[0].id}` of this agent is half done: finish that one first, then plan again"
    return superseded(current, plan, machine.course_of((plan, *others)))
