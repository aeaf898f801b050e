"""Actions that an agent takes although neither its code, prompt nor documents call for them, while nobody approved a remit yet.

It speaks only where the draft knows what the agent does in that system: of an agent whose intent there is unknown, nothing is "not
needed". It is over when code or a text calls for the action, or when nothing grants it any more. What platforms do under an agent by
themselves (write logs, call the model, renew a session) is left out. With an approved remit `out_of_intent` judges instead.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from remit.contracts.detection import Rule, Window
from remit.document.pattern import resource_matcher
from remit.model.agent import InferredAction
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.finding import Severity, Spotted
from remit.model.shown import printable
from remit.watch.grants import container_of, grants_for
from remit.watch.window import agents_of, severity_by_reach, shown

RULE = Rule(
    id="used-not-needed",
    title="An agent does what nothing says it is for",
    why="Use that no purpose explains is either a purpose that nobody wrote down, or somebody else's use of the agent's identity.",
    severity=Severity.MEDIUM,
    remedy="`remit draft AGENT` shows it beside what the agent is for: approve a remit with or without it, then `remit plan AGENT`",
)
_NEEDED = frozenset({Class.NEEDED_USED, Class.NEEDED_UNUSED, Class.NEEDED_NOT_GRANTED})
_UNDER_AN_AGENT = re.compile(
    r"sts:|logs:(?:Create|Put|Describe)|xray:Put|cloudwatch:PutMetricData|bedrock:(?:Invoke|Converse|ApplyGuardrail|CountTokens)|kms:(?:Decrypt|GenerateDataKey)"
    r"|ecr:(?:Get|BatchGet|BatchCheck)|ssmmessages:|ec2messages:|ec2:(?:Create|Delete|Describe)NetworkInterface|connect\Z|usage\Z|temporary\Z",
    re.IGNORECASE,
)


def detect(window: Window) -> Iterator[Spotted]:
    """One finding for each agent, identity, action and container."""
    for known in agents_of(window):
        alignment = window.alignments.get(known.agent.id)
        if alignment is not None and alignment.is_from_draft and known.agent.id not in window.remits:
            yield from _of(window, alignment, known.agent.inferred_actions)


def _of(window: Window, alignment: Alignment, inferred: Iterable[InferredAction]) -> Iterator[Spotted]:
    would = {(action.action.lower(), _name(action.resource)) for action in inferred}
    in_code = {action.system.partition(":")[0] for action in inferred}
    needs = [line for line in alignment.lines if line.class_ in _NEEDED]
    known = {_system(line) for line in alignment.lines if line.class_ in _NEEDED}
    groups: dict[tuple[str, str, str, str], list[AlignmentLine]] = defaultdict(list)
    for line in alignment.lines:
        action = line.action.lower()
        is_hinted = (action, _name(line.resource)) in would or (action, None) in would
        if is_hinted or (_system(line) not in in_code and any(_is_about(need, line) for need in needs)):
            continue
        if line.class_ is Class.USED_NOT_NEEDED and _system(line) in known and _UNDER_AN_AGENT.match(line.action) is None:
            groups[line.principal, line.system, line.action, container_of(line.resource)].append(line)
    for (principal, system, action, resource), lines in sorted(groups.items()):
        calls = sum(line.count for line in lines)
        yield Spotted(
            agent=alignment.agent,
            key=f"{principal}|{system}|{action}|{resource}",
            title=(
                f"`{alignment.agent}` did `{printable(action)}` on `{printable(resource)}` as {shown(window, principal)}, {calls:,} times, "
                "and nothing in its code, prompt or documents calls for it"
            ),
            evidence=tuple(dict.fromkeys(str(because.place) for line in lines for because in line.because)) or (principal,),
            hangs_on=_grants(window, alignment.agent, (principal, system, action, resource)),
            severity=severity_by_reach(window, [principal], RULE.severity),
        )


def _grants(window: Window, agent: str, key: tuple[str, str, str, str]) -> tuple[str, ...]:
    """What lets the agent do it again: once that is gone the finding is over, although the use is remembered."""
    uses = (use for use in window.uses if use.agent == agent and use.allowed > 0)
    same = (use for use in uses if (use.principal, use.system, use.action, container_of(use.resource)) == key)
    return tuple(dict.fromkeys(place for use in same for place in grants_for(window, use)))


def _is_about(need: AlignmentLine, line: AlignmentLine) -> bool:
    """Whether a need is about the same thing, whatever it does with it. Words alone, without code, seldom say every act."""
    return need.system == line.system and resource_matcher(need.resource)(line.resource)


def _name(resource: str | None) -> str | None:
    """What code and records call a thing alike: the bucket of an object, the last part of an ARN, a path or an address."""
    return None if resource is None else re.split(r"[:/]", container_of(resource))[-1].lower()


def _system(line: AlignmentLine) -> str:
    """The kind of system: who knows what an agent does in one service or database knows its code there."""
    return line.system.partition(":")[0]
