"""Agents that are copies of another one elsewhere: the same prompt or the same code.

Which of two is the copy: the one whose path says so (`old`, `backup`, `copy`), else the one that was not used lately while the other
was, else the one that was seen later, else the last by path. Two that differ in the name of an environment alone (`dev`, `prod`) are
one agent in two places, agents that run as one may share words, and neither is a finding.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from remit.contracts.detection import Rule, Window
from remit.model.finding import Severity, Spotted
from remit.model.labels import says_copy
from remit.model.standing import KnownAgent
from remit.model.times import days_between, text_from_time
from remit.watch.window import agents_of, bindings_by_agent, families_of, raised, severity_by_reach

RULE = Rule(
    id="copy",
    title="An agent is a forgotten copy of another one",
    why="A copy keeps the keys and rights of the day it was made, misses every correction since, and nobody looks after it.",
    severity=Severity.MEDIUM,
    remedy="`remit retire AGENT --as PERSON` takes its access away and keeps its record; to keep it, `remit owner AGENT PERSON`",
)
_LATELY_DAYS = 30.0
_ENVIRONMENTS = frozenset({"dev", "development", "int", "preprod", "prd", "prod", "production", "qa", "stage", "staging", "stg", "uat"})


def detect(window: Window) -> Iterator[Spotted]:
    """One finding for each copy."""
    agents = {known.agent.id: known for known in agents_of(window)}
    family = families_of(agents.values())
    group: dict[str, str] = {slug: slug for slug in agents}

    def root(slug: str) -> str:
        while group[slug] != slug:
            slug = group[slug]
        return slug

    for slug, known in agents.items():
        for other in known.agent.copies:
            if other in agents and family[other] != family[slug] and _place(known) != _place(agents[other]):
                group[root(other)] = root(slug)
    members: dict[str, list[KnownAgent]] = defaultdict(list)
    for slug, known in agents.items():
        members[root(slug)].append(known)
    used = _last_used(window)
    for found in members.values():
        if len(found) > 1:
            original, *copies = sorted(found, key=lambda known: _order(window, known, used))
            yield from (_spotted(window, copy, original) for copy in copies)


def _words(known: KnownAgent) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", known.agent.place.path.lower()) if word]


def _place(known: KnownAgent) -> tuple[str, ...]:
    """Where an agent stands, whatever the environment."""
    return tuple(word for word in _words(known) if word not in _ENVIRONMENTS)


def _order(window: Window, known: KnownAgent, used: dict[str, str]) -> tuple[bool, bool, str, bool, str]:
    """The original first."""
    last = used.get(known.agent.id)
    is_idle = last is None or days_between(last, text_from_time(window.now)) > _LATELY_DAYS
    return (says_copy(known.agent), is_idle, known.first_seen, known.agent.id not in window.owners, known.agent.place.path)


def _last_used(window: Window) -> dict[str, str]:
    used: dict[str, str] = {}
    for use in window.uses:
        if use.agent:
            used[use.agent] = max(used.get(use.agent, ""), use.last)
    return used


def _spotted(window: Window, copy: KnownAgent, original: KnownAgent) -> Spotted:
    mine, theirs = copy.agent, original.agent
    bound = bindings_by_agent(window)
    shared = {binding.principal for binding in bound.get(mine.id, ())} & {binding.principal for binding in bound.get(theirs.id, ())}
    same = "prompt" if mine.fingerprint.prompt is not None and mine.fingerprint.prompt == theirs.fingerprint.prompt else "code"
    also = " and acts through the same identity" if shared else ""
    severity = severity_by_reach(window, [binding.principal for binding in bound.get(mine.id, ())], RULE.severity)
    return Spotted(
        agent=mine.id,
        key=theirs.id,
        title=f"`{mine.id}` has the same {same} as `{theirs.id}`{also}",
        evidence=(str(mine.place), str(theirs.place)),
        severity=raised(severity) if shared and severity is RULE.severity else severity,
    )
