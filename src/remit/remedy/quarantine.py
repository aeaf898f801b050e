"""Quarantine, release and retirement: plans that stop an agent's identities, and give them back.

Decides whom they stop. Invariants:
- other agents on the same identities are named before anything is done;
- a person is never locked out: of a person's own login only keys that are known to be the agent's alone are stopped;
- retirement leaves an identity that others use as it is, and says so with their ids;
- a release takes back exactly what the quarantine did; an identity on which another agent is quarantined stays stopped, and the step
  that stopped it goes over to that agent's plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from remit.model.access import Verdict
from remit.model.errors import RefusedError
from remit.model.event import Use
from remit.model.plan import Plan, PlanKind, PlanState, Proposal, StepState
from remit.remedy.plan import draft_plan, on_replayed
from remit.remedy.replay import replay
from remit.remedy.situation import Ahead, Situation

_IN_FORCE = frozenset({PlanState.APPLYING, PlanState.APPLIED, PlanState.STUCK, PlanState.UNDOING})


def quarantine(situation: Situation, plan_id: str, at: str) -> Plan:
    """A replayed plan that stops every identity of the agent at once; nothing of it needs an approver."""
    return _made(situation, plan_id, at, PlanKind.QUARANTINE, _stop)


def retire(situation: Situation, plan_id: str, at: str) -> Plan:
    """A replayed plan that takes everything from the identities that only this agent uses; nothing is destroyed."""
    return _made(situation, plan_id, at, PlanKind.RETIRE, _retire)


def stopped(plans: Iterable[Plan]) -> dict[str, str]:
    """Identities that stand under a quarantine, with the plan that stopped each."""
    in_force = [plan for plan in plans if plan.kind is PlanKind.QUARANTINE and plan.state in _IN_FORCE]
    return {
        step.principal: plan.id
        for plan in sorted(in_force, key=lambda plan: (plan.made, plan.id))
        for step, state in zip(plan.steps, plan.step_states, strict=True)
        if state not in (StepState.WAITING, StepState.UNDONE)
    }


def to_release(plans: Iterable[Plan], agent: str) -> list[Plan]:
    """The quarantines of an agent that are in force, newest first: the order in which they are taken back."""
    mine = [plan for plan in plans if plan.agent == agent and plan.kind is PlanKind.QUARANTINE and plan.state in _IN_FORCE]
    return sorted(mine, key=lambda plan: (plan.made, plan.id), reverse=True)


def handed_over(plan: Plan, heirs: Mapping[str, Plan], at: str) -> tuple[Plan, tuple[Plan, ...]]:
    """A quarantine without the steps on identities of other quarantined agents, and their plans with these steps.

    `heirs`: the plan that goes on, by identity. Only an applied plan can hand over: of a half-done one nobody knows what it did.
    """
    if not heirs:
        return plan, ()
    if plan.state is not PlanState.APPLIED or any(heir.state is not PlanState.APPLIED for heir in heirs.values()):
        raise RefusedError(
            f"`{plan.id}` shares an identity with another quarantine, and one of the two is half done; finish that first: `remit apply`"
        )
    changed: dict[str, Plan] = {}
    for ref, heir in heirs.items():
        now = changed.get(heir.id, heir)
        steps = tuple(step for step in plan.steps if step.principal == ref)
        changed[heir.id] = replace(
            now,
            steps=(*now.steps, *steps),
            step_states=(*now.step_states, *(StepState.DONE for _ in steps)),
            probes=(*now.probes, *(probe for probe in plan.probes if probe.principal == ref and probe not in now.probes)),
            changed=at,
        )
    stays = [number for number, step in enumerate(plan.steps) if step.principal not in heirs]
    rest = replace(
        plan,
        steps=tuple(plan.steps[number] for number in stays),
        step_states=tuple(plan.step_states[number] for number in stays),
        probes=tuple(probe for probe in plan.probes if probe.principal not in heirs),
        residue=(
            *plan.residue,
            *(f"`{ref}` stays stopped: `agent:{heir.agent}` is quarantined on it too (`{heir.id}`)" for ref, heir in heirs.items()),
        ),
        changed=at,
    )
    return rest, tuple(changed.values())


def _made(situation: Situation, plan_id: str, at: str, kind: PlanKind, propose: Callable[[Situation, Ahead, str], Proposal]) -> Plan:
    before, ahead = Ahead(situation.grounds), Ahead(situation.grounds)
    parts, moved = [], []
    for ref in situation.mine():
        why = situation.why_left_alone(ref)
        part = Proposal(steps=(), residue=(why,)) if why else propose(situation, ahead, ref)
        if part.steps:
            ahead.take(situation.principals[ref].connection, part.steps)
            moved.append(ref)
        parts.append(part)
    plan = draft_plan(plan_id, situation.agent, kind, parts, at)
    shown = replay(
        _recorded(situation, moved),
        lambda principal, *call: before.decides(situation.principals[principal].connection, principal, *call),
        lambda principal, *call: _after_stop(situation, ahead, principal, *call),
    )
    own = situation.alignments.get(situation.agent)
    # Everybody on these identities is named, whether or not a step stops them: whoever reads it decides.
    plan = replace(plan, also_affects=situation.also_affected(situation.mine()), remit_hash=own.remit_hash if own is not None else "")
    return on_replayed(plan, shown.replay, (), at)


def _after_stop(situation: Situation, ahead: Ahead, principal: str, action: str, resource: str, columns: Sequence[str]) -> Verdict:
    """What a stopped identity gets: nothing, also where its grants stay and only its login ends. A person goes on by their other keys."""
    held = situation.principals[principal]
    verdict = ahead.decides(held.connection, principal, action, resource, columns)
    if held.person is not None or not verdict.is_allowed:
        return verdict
    return Verdict(is_allowed=False, is_explicit=True, because="the identity is stopped")


def _recorded(situation: Situation, refs: Iterable[str]) -> list[Use]:
    wanted = set(refs)
    return [use for ground in situation.grounds.values() for use in ground.uses if use.principal in wanted]


def _stop(situation: Situation, ahead: Ahead, ref: str) -> Proposal:
    principal = situation.principals[ref]
    if ref in situation.stopped:
        return Proposal(steps=(), residue=(f"`{principal.short}` is stopped already, by `{situation.stopped[ref]}`",))
    keys = situation.fingerprints(ref)
    if principal.person is not None and not keys:
        return _spared(situation, ref)
    system = situation.grounds[principal.connection].system
    proposal = system.stop(ahead.objects(principal.connection), ref, keys, situation.agent)
    if not proposal.steps and not proposal.residue:
        return Proposal(steps=(), residue=(f"`{principal.short}` has nothing left that could be stopped",))
    return proposal


def _retire(situation: Situation, ahead: Ahead, ref: str) -> Proposal:
    principal = situation.principals[ref]
    others = situation.others_on(ref)
    if others:
        listed = ", ".join(f"`agent:{other}`" for other in others)
        return Proposal(
            steps=(), residue=(f"`{principal.short}` is kept: {listed} uses it too; the retired agent is denied at every point",)
        )
    keys = situation.fingerprints(ref)
    if principal.person is not None and not keys:
        return _spared(situation, ref)
    system = situation.grounds[principal.connection].system
    # A person keeps the login and everything that it may do; only the agent's own keys end.
    end = system.stop if principal.person is not None else system.retire
    return end(ahead.objects(principal.connection), ref, keys, situation.agent)


def _spared(situation: Situation, ref: str) -> Proposal:
    why = "is a person's own login and stays: no key on it is known to be the agent's alone; the agent is denied at every point"
    return Proposal(steps=(), residue=(f"`{situation.name(ref)}` {why}",))
