"""Identities that several agents act through.

Agents that run as one (they hand over to each other, stand in one file, are started by one deployment) share their process's identity by
nature, and a copy that took the identity of what it was copied from is `copy`'s finding; a person's own login is `persons_key`'s.
One finding for each identity, at the agent that borrows it: the one bound by use alone, else the one whose name the identity does not
have, else the one that came last. It stands under the others too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from remit.contracts.detection import Rule, Window
from remit.model.finding import Severity, Spotted
from remit.model.identity import Bound
from remit.model.labels import words_of
from remit.model.standing import KnownAgent
from remit.watch.window import agents_of, bindings_by_agent, families_of, is_marked_as_person, names_of, severity_by_reach, shown

RULE = Rule(
    id="shared-identity",
    title="Several agents act through one identity",
    why="Each can do what the other is for, no log tells them apart, and neither can be stopped without the other.",
    severity=Severity.MEDIUM,
    remedy="give each an identity of its own; until then `remit quarantine AGENT --because TEXT` names the others that it would stop",
    references=("https://owasp.org/www-project-non-human-identities-top-10/2025/",),
)


def detect(window: Window) -> Iterator[Spotted]:
    """One finding for each identity."""
    agents = {known.agent.id: known for known in agents_of(window)}
    family = families_of(agents.values())
    users: dict[str, list[Bound]] = defaultdict(list)
    for slug, bindings in bindings_by_agent(window).items():
        for binding in bindings:
            if slug in agents:
                users[binding.principal].append(binding)
    for ref, bindings in sorted(users.items()):
        if len(_apart(bindings, agents, family)) < 2 or is_marked_as_person(window, ref):
            continue
        slugs = sorted(binding.agent for binding in bindings)
        borrower = _borrower(window, ref, bindings, agents)
        yield Spotted(
            agent=borrower,
            key=ref,
            title=f"{_named_together(slugs)} act as {shown(window, ref)}",
            evidence=(window.principals[ref].place, *(str(binding.because[0].place) for binding in bindings if binding.because)),
            severity=severity_by_reach(window, [ref], RULE.severity),
            others=tuple(slug for slug in slugs if slug != borrower),
        )


def _named_together(slugs: Sequence[str]) -> str:
    """`a` and `b` both; `a`, `b` and `c` all."""
    return f"{names_of(slugs[:-1])} and {names_of(slugs[-1:])} {'both' if len(slugs) == 2 else 'all'}"


def _apart(bindings: Sequence[Bound], agents: Mapping[str, KnownAgent], family: Mapping[str, str]) -> set[str]:
    """The agents that neither run as one nor are copies of each other, one of each."""
    apart: dict[str, str] = {}
    for binding in sorted(bindings, key=lambda one: one.agent):
        copies = agents[binding.agent].agent.copies
        if not any(other in copies for other in apart):
            apart.setdefault(binding.agent, family[binding.agent])
    return set(apart.values())


def _borrower(window: Window, ref: str, bindings: Sequence[Bound], agents: Mapping[str, KnownAgent]) -> str:
    name = set(words_of(window.principals[ref].short.rpartition("/")[2]))

    def order(binding: Bound) -> tuple[bool, int, str, str]:
        likeness = len(name & set(words_of(binding.agent)))
        return (not binding.is_named, -likeness, agents[binding.agent].first_seen, binding.agent)

    return max(bindings, key=order).agent
