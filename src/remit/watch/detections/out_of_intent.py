"""Actions that an agent took, or tried to take, and that its approved remit does not allow.

An action that happened is over when nothing grants it any more; a refused attempt when it was not repeated for thirty days. What was
refused while the agent was suspended or retired is the quarantine at work, and no finding. Without an approved remit this rule is
silent (`used_not_needed` looks at drafts).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from remit.contracts.detection import Rule, Window
from remit.model.agent import AgentState
from remit.model.decision import Outcome
from remit.model.event import Judged, Use
from remit.model.finding import Severity, Spotted
from remit.model.shown import printable
from remit.model.times import days_between, text_from_time, to_the_second
from remit.watch.grants import container_of, grants_for
from remit.watch.window import raised, severity_by_reach, shown, state_of

RULE = Rule(
    id="out-of-intent",
    title="An agent acts outside its remit",
    why="A prompt injection, a changed prompt or a wrong tool shows first as an action that nobody approved; the identity allowed it.",
    severity=Severity.HIGH,
    remedy="`remit plan AGENT` takes away what the remit does not need; or allow it on purpose: `remit draft AGENT`, then `remit approve`",
    references=("https://genai.owasp.org/llmrisk/llm062025-excessive-agency/",),
)
_WHERE_DENIED = (
    "it did not get through; `remit why AGENT` says which line denied it: look at what the agent had read before, and "
    "`remit quarantine AGENT --because TEXT` stops it; or allow it on purpose: `remit draft AGENT`, then `remit approve`"
)
"""The remedy where an enforcement point denied it: there is no permission to take away."""
_ATTEMPTS_COUNT_DAYS = 30.0
_ALLOWED = frozenset({Outcome.ALLOW, Outcome.MODIFY})
_Group = tuple[str, str, str, str, str]


def detect(window: Window) -> Iterator[Spotted]:
    """One finding for each agent, identity, action and container (a bucket, not each object in it)."""
    groups: dict[_Group, list[Judged]] = defaultdict(list)
    for judged in window.judged:
        use = judged.use
        if use.agent in window.agents and judged.outcome not in _ALLOWED and not _is_of_the_past(window, use):
            groups[use.agent, use.principal, use.system, use.action, container_of(use.resource)].append(judged)
    for (agent, principal, system, action, resource), found in sorted(groups.items()):
        yield _spotted(window, agent, principal, system, action, resource, found)


def _is_of_the_past(window: Window, use: Use) -> bool:
    standing = window.standings.get(use.agent)
    has_stopped = state_of(window, use.agent) in (AgentState.SUSPENDED, AgentState.RETIRED)
    if use.allowed or use.would_deny:
        return state_of(window, use.agent) is AgentState.RETIRED and standing is not None and use.last < standing.since
    if has_stopped and standing is not None and use.last >= standing.since:
        return True
    return days_between(use.last, text_from_time(window.now)) > _ATTEMPTS_COUNT_DAYS


def _spotted(window: Window, agent: str, principal: str, system: str, action: str, resource: str, found: list[Judged]) -> Spotted:
    found.sort(key=lambda judged: (judged.use.last, judged.use.resource, judged.use.place, judged.use.credential), reverse=True)
    happened = sum(judged.use.allowed for judged in found)
    who = f" as {shown(window, principal)}" if principal else ""
    what = f"`{printable(action)}` on `{printable(resource)}`" if action != resource else f"`{printable(action)}` of `{printable(system)}`"
    grants = tuple(dict.fromkeys(place for judged in found for place in grants_for(window, judged.use))) if happened else ()
    severity = severity_by_reach(window, [principal], RULE.severity)
    if any(judged.rule.startswith("never") for judged in found):
        severity = raised(RULE.severity)
    is_at_a_point = _is_denied_at_a_point(principal, found)
    return Spotted(
        agent=agent,
        key=f"{principal}|{system}|{action}|{resource}",
        title=_title(agent, what, who, found, is_at_a_point=is_at_a_point),
        evidence=tuple(judged.use.place for judged in found),
        hangs_on=grants,
        severity=severity,
        remedy=_WHERE_DENIED if is_at_a_point else "",
    )


def _is_denied_at_a_point(principal: str, found: list[Judged]) -> bool:
    """The record of a point names no identity."""
    return not principal and any(judged.use.denied for judged in found)


def _title(agent: str, what: str, who: str, found: list[Judged], *, is_at_a_point: bool) -> str:
    happened, denied = sum(judged.use.allowed for judged in found), sum(judged.use.denied for judged in found)
    last = to_the_second(found[0].use.last)
    if is_at_a_point:
        # A point's record: what it let pass besides was in order, by the values of its arguments.
        others = (
            f"; {_times(happened, 'one other call', 'other calls')} of it {'was' if happened == 1 else 'were'} allowed" if happened else ""
        )
        return f"`{agent}` was denied {what} by an enforcement point, {_often(denied)}, last call {last}{others}"
    did = "did" if happened else "tried"
    return f"`{agent}` {did} {what}{who}, {_often(happened + denied)}, last {last}: {found[0].because}"


def _often(calls: int) -> str:
    return "once" if calls == 1 else f"{calls:,} times"


def _times(calls: int, one: str, many: str) -> str:
    return one if calls == 1 else f"{calls:,} {many}"
