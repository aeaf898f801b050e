"""Right-sizing: the plan that leaves an agent's identities what is needed of them, and nothing else (design section 6).

Decides what to keep; how a system says it is the system's (`narrow`). Invariants, checked on the state after the plan before anybody
sees the plan:
- needed stays allowed, used or not, of every agent on the identity; what another agent used stays, needed or not: no agent breaks
  another;
- nothing is allowed afterwards that was not before;
- what the remit forbids is not kept, unless another agent needs it, which is said;
- what stays for another agent alone is said, with that agent, whether or not anything else changes;
- a person's own login is not narrowed;
- what cannot be known stands in `blind_spots`, what stays in `residue`, what would have been denied in the replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from remit.document.pattern import overlaps, resource_matcher
from remit.model.alignment import AlignmentLine, Class
from remit.model.errors import RefusedError
from remit.model.event import Use
from remit.model.plan import Plan, PlanKind, Probe, Proposal, WouldDeny
from remit.model.shown import printable
from remit.model.verbs import GRAVEST_FIRST
from remit.remedy.blindness import blind_spots
from remit.remedy.plan import draft_plan, on_replayed
from remit.remedy.replay import replay
from remit.remedy.sharing import NEEDED, TAKEN, kept_of_others, sentences, some, stays_for_others
from remit.remedy.situation import Ahead, Situation

_MOST_SENTENCES = 25


def right_size(situation: Situation, plan_id: str, at: str) -> Plan:
    """A replayed plan that narrows every identity of the agent that may be narrowed; no steps where there is nothing to take."""
    own = situation.alignments.get(situation.agent)
    if own is None:
        raise RefusedError(f"what `{situation.agent}` needs is not known; run `remit scan`, then `remit draft {situation.agent}`")
    before, ahead = Ahead(situation.grounds), Ahead(situation.grounds)
    parts: list[Proposal] = []
    narrowed: list[str] = []
    left_for = set[str]()
    for ref in situation.mine():
        why = situation.why_left_alone(ref) or _why_not_narrowed(situation, ref)
        if why:
            parts.append(Proposal(steps=(), residue=(why,)))
            left_for.update(() if situation.why_left_alone(ref) else _unknown_on(situation, ref))
            continue
        keep = kept(situation, ref)
        connection = situation.principals[ref].connection
        proposal = situation.grounds[connection].system.narrow(ahead.objects(connection), ref, keep, situation.agent)
        ahead.take(connection, proposal.steps)
        theirs = stays_for_others(situation, ref)
        left_for.update(other for other, _ in theirs)
        proposal = replace(proposal, residue=(*proposal.residue, *sentences(situation, ref, theirs)))
        parts.append(_with_conflicts(situation, ref, keep, proposal))
        if proposal.steps:
            narrowed.append(ref)
            _check(situation, ref, keep, before, ahead)
    plan = draft_plan(plan_id, situation.agent, PlanKind.RIGHT_SIZE, parts, at)
    probes, doubtful = _certain(plan.probes, ahead)
    shown = replay(
        _recorded(situation, narrowed),
        lambda principal, *call: before.decides(situation.principals[principal].connection, principal, *call),
        lambda principal, *call: ahead.decides(situation.principals[principal].connection, principal, *call),
    )
    _check_replay(situation, shown.replay.would_deny)
    affected = situation.also_affected(narrowed)
    plan = replace(
        plan,
        probes=probes,
        also_affects=tuple(sorted({*affected, *left_for})),
        unchanged_for=tuple(sorted(left_for - set(affected))),
        is_from_draft=own.is_from_draft,
        remit_hash=own.remit_hash,
        risk_removed=tuple(risk_removed(situation, narrowed, ahead)),
    )
    return on_replayed(plan, shown.replay, (*shown.unexplained, *blind_spots(situation, narrowed), *doubtful), at)


def kept(situation: Situation, ref: str) -> tuple[AlignmentLine, ...]:
    """The lines of an identity that stay, of every agent that uses it.

    A membership is none of them: whether it stays, or what is needed of it is granted directly, is for the system to say.
    """
    theirs = [line for _, line in kept_of_others(situation, ref)]
    mine = [
        replace(line, but=_excepted(situation, line, theirs))
        for whole in situation.alignments[situation.agent].lines
        if whole.principal == ref and whole.class_ in NEEDED and not whole.is_membership
        for line in _apart(situation, whole)
        if not situation.forbids(line.system, line.action, line.resource)
    ]
    return tuple({(line.system, line.action, line.resource, line.columns): line for line in (*theirs, *mine)}.values())


def _apart(situation: Situation, line: AlignmentLine) -> list[AlignmentLine]:
    """A line, or one for each action of its pattern where the remit forbids some of them inside its resource."""
    return [replace(line, action=action) for action in situation.apart(line.system, line.action, line.resource)]


def _excepted(situation: Situation, line: AlignmentLine, theirs: Iterable[AlignmentLine]) -> tuple[str, ...]:
    """What a never takes out of a kept line; nothing that another agent on the identity has, for a denial would hold for both."""
    found = situation.excepts(line.system, line.action, line.resource)
    return tuple(one for one in found if not any(other.system == line.system and overlaps(other.resource, one) for other in theirs))


def _why_not_narrowed(situation: Situation, ref: str) -> str:
    principal = situation.principals[ref]
    if principal.person is not None:
        return f"`{principal.short}` is left as it is: it is a person's own login ({printable(principal.person.text)})"
    if unknown := _unknown_on(situation, ref):
        return f"`{principal.short}` is left as it is: what {_listed(unknown)} needs of it is not known"
    if ref in situation.stopped:
        return f"`{principal.short}` is left as it is: it stands under the quarantine `{situation.stopped[ref]}`"
    return ""


def _unknown_on(situation: Situation, ref: str) -> list[str]:
    """Other agents on an identity of which it is not known what they need."""
    return [other for other in situation.others_on(ref) if other not in situation.alignments]


def _with_conflicts(situation: Situation, ref: str, keep: Sequence[AlignmentLine], proposal: Proposal) -> Proposal:
    """Says what stays for others although this agent must not, or does not need to, have it."""
    others = _listed(situation.others_on(ref))
    said = []
    for line in keep:
        what = f"`{printable(line.action)}` on `{printable(line.resource)}` stays on `{situation.name(ref)}`"
        if rule := situation.forbids(line.system, line.action, line.resource):
            said.append(f"{what} although {rule} forbids it: {others} uses that identity too; give each agent an identity of its own")
        elif line.class_ is Class.USED_NOT_NEEDED:
            said.append(f"{what}: {others} used it, although no remit needs it")
        said += [
            f"{what}, on `{printable(one)}` too, which is forbidden: {others} uses that identity; give each agent one of its own"
            for one in situation.excepts(line.system, line.action, line.resource)
            if one not in line.but
        ]
    return replace(proposal, residue=(*proposal.residue, *said))


def _check(situation: Situation, ref: str, keep: Sequence[AlignmentLine], before: Ahead, ahead: Ahead) -> None:
    """INVARIANTS of a narrowing, on the state after it. A violation is a fault of the system's `narrow`: no plan comes of it."""
    connection = situation.principals[ref].connection
    for line in keep:
        if "*" in line.action or "*" in line.resource:
            continue  # a pattern: its uses are in the replay
        was = before.decides(connection, ref, line.action, line.resource, line.columns)
        will = ahead.decides(connection, ref, line.action, line.resource, line.columns)
        if (was.is_allowed and not will.is_allowed) or (was.depends_on and not will.is_allowed and not will.depends_on):
            raise RefusedError(
                f"the plan for `{situation.name(ref)}` would take away `{line.action}` on `{printable(line.resource)}`, which is needed "
                f"({printable(line.why)}); no plan was made"
            )
    for found in situation.grounds[connection].system.access(ahead.objects(connection), [ref]):
        for access in found.access:
            if "*" in access.action or "*" in access.resource:
                continue
            will = ahead.decides(connection, ref, access.action, access.resource, access.columns)
            was = before.decides(connection, ref, access.action, access.resource, access.columns)
            if will.is_allowed and not was.is_allowed:
                what = f"`{access.action}` on `{printable(access.resource)}`"
                raise RefusedError(f"the plan for `{situation.name(ref)}` would newly allow {what}; no plan was made")


def _check_replay(situation: Situation, would_deny: Iterable[WouldDeny]) -> None:
    """A recorded use that is needed must not be denied, patterns included."""
    for item in would_deny:
        for line in situation.alignments[situation.agent].lines:
            if (
                line.class_ is Class.NEEDED_USED
                and line.principal == item.principal
                and item.agent == situation.agent
                and resource_matcher(line.action.lower())(item.action.lower())
                and resource_matcher(line.resource)(item.resource)
                and not situation.forbids(line.system, item.action, item.resource)
            ):
                raise RefusedError(
                    f"the plan for `{situation.name(item.principal)}` would deny `{item.action}` on `{printable(item.resource)}`, which is "
                    f"needed ({printable(line.why)}) and was used {item.calls:,} times; no plan was made"
                )


def _recorded(situation: Situation, narrowed: Sequence[str]) -> Iterator[Use]:
    for ref in narrowed:
        ground = situation.grounds[situation.principals[ref].connection]
        yield from (use for use in ground.uses if use.principal == ref)


def _certain(probes: Iterable[Probe], ahead: Ahead) -> tuple[tuple[Probe, ...], list[str]]:
    """Probes whose answer does not hang on a context that a proof cannot know; the others are blind spots."""
    certain, doubtful = [], []
    for probe in probes:
        verdict = ahead.decides(probe.connection, probe.principal, probe.action, probe.resource, probe.columns)
        if verdict.depends_on:
            doubtful.append(
                f"whether `{probe.action}` on `{printable(probe.resource)}` works depends on {', '.join(verdict.depends_on)}: not proved"
            )
        else:
            certain.append(probe)
    return tuple(certain), doubtful


def risk_removed(situation: Situation, narrowed: Iterable[str], ahead: Ahead) -> Iterator[str]:
    """What the agent can no longer do, the gravest first; only what the state after the plan does deny."""
    refs = set(narrowed)
    gone: dict[tuple[str, str, str], tuple[int, AlignmentLine]] = {}
    for line in situation.alignments[situation.agent].lines:
        if line.principal not in refs or line.class_ not in TAKEN:
            continue
        connection = situation.principals[line.principal].connection
        is_pattern = "*" in line.action or "*" in line.resource
        if not is_pattern and ahead.decides(connection, line.principal, line.action, line.resource, line.columns).is_allowed:
            continue
        verb = situation.verb_of(connection, line.action)
        rank = GRAVEST_FIRST.index(verb) if verb is not None else 0  # a pattern that spans verbs holds the gravest
        gone.setdefault((line.principal, line.action, line.resource), (rank, line))
    ordered = sorted(gone.values(), key=lambda item: (item[0], item[1].system, item[1].action, item[1].resource))
    sentences: dict[tuple[str, str, bool], list[str]] = {}
    for _, line in ordered:
        is_pattern = "*" in line.action or "*" in line.resource
        sentences.setdefault((line.principal, line.resource, is_pattern), []).append(f"`{printable(line.action)}`")
    for (principal, resource, is_pattern), actions in list(sentences.items())[:_MOST_SENTENCES]:
        but = ", but for what is kept" if is_pattern else ""
        yield f"`{situation.name(principal)}` can no longer do {some(actions)} on `{printable(resource)}`{but}"
    if len(sentences) > _MOST_SENTENCES:
        yield f"and on {len(sentences) - _MOST_SENTENCES:,} more resources"


def _listed(slugs: Iterable[str]) -> str:
    return ", ".join(f"`agent:{slug}`" for slug in slugs)
