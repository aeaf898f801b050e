"""Ids of agents, and which agent a name in code means (remit language, section 1).

Invariants:
- an id is a slug and names one agent; equal evidence gives equal ids, in whatever order it came;
- on a clash the first by path keeps the slug, and the others add the shortest part of their path that tells them apart.
"""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Sequence

from remit.discover.merge import Sighting
from remit.model.ids import slug_from_name

_LONGEST_TAIL = 4
_NO_SLUG = "agent"
"""What `slug_from_name` makes of a name without a letter or digit."""
_SAYS_NOTHING = frozenset(
    {
        "agent",
        "agents",
        "agent_executor",
        "agent_loop",
        "answer",
        "ask",
        "assistant",
        "bot",
        "build_agent",
        "app",
        "builder",
        "chain",
        "chat",
        "client",
        "create_agent",
        "execute",
        "executor",
        "get_agent",
        "graph",
        "handle",
        "handler",
        "invoke",
        "llm",
        "loop",
        "main",
        "make_agent",
        "model",
        "response",
        "result",
        "root",
        "run",
        "run_agent",
        "run_loop",
        "runner",
        "self",
        "start",
        "step",
        "workflow",
    }
)
"""Names of variables, functions and files that tell nothing about the agent in them."""
_FOLDERS_SAY_NOTHING = _SAYS_NOTHING | frozenset(
    {
        "",
        ".",
        "src",
        "lib",
        "libs",
        "pkg",
        "cmd",
        "code",
        "python",
        "typescript",
        "services",
        "packages",
        "apps",
        "examples",
        "index",
        "__init__",
    }
)


def ids(sightings: Sequence[Sighting]) -> list[str]:
    """The id of each sighting; these come sorted by path and line."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, sighting in enumerate(sightings):
        groups[_slug(sighting)].append(index)
    given: dict[int, str] = {members[0]: slug for slug, members in groups.items()}
    taken = set(given.values())
    numbers: dict[str, int] = {}
    for slug, members in groups.items():
        tails = _tails([sightings[index].seen.place.path for index in members])
        for index in members[1:]:
            given[index] = _free(slug, tails.get(sightings[index].seen.place.path, ""), taken, numbers)
            taken.add(given[index])
    return [given[index] for index in range(len(sightings))]


def delegates(sightings: Sequence[Sighting], slugs: Sequence[str]) -> list[tuple[str, ...]]:
    """For each sighting the ids of the agents that it hands over to: in its own file first, then where one alone fits."""
    by_label: dict[str, list[int]] = defaultdict(list)
    for index, sighting in enumerate(sightings):
        for label in dict.fromkeys((sighting.seen.name, *sighting.seen.aliases)):
            if label:
                by_label[label].append(index)
    result = []
    for index, sighting in enumerate(sightings):
        found: dict[str, None] = {}
        for label in sighting.seen.delegates_to:
            candidates = [other for other in by_label.get(label, ()) if other != index]
            here = [other for other in candidates if sightings[other].seen.place.path == sighting.seen.place.path]
            chosen = _nearest(sighting, sightings, here) if here else (candidates[0] if len(candidates) == 1 else None)
            if chosen is not None:
                found[slugs[chosen]] = None
        result.append(tuple(found))
    return result


def _nearest(sighting: Sighting, sightings: Sequence[Sighting], here: Sequence[int]) -> int:
    """The last one before the delegation, as code reads from top to bottom; else the first after it."""
    line = sighting.seen.place.line or 0
    before = [index for index in here if (sightings[index].seen.place.line or 0) <= line]
    return before[-1] if before else here[0]


def _slug(sighting: Sighting) -> str:
    seen = sighting.seen
    telling = (alias for alias in seen.aliases if alias.lower().strip("_") not in _SAYS_NOTHING)
    label = seen.name or next(telling, None)
    if label:
        slug = slug_from_name(label)
        if slug != _NO_SLUG or label.lower() == _NO_SLUG:
            return slug
    stem = _stem(seen.place.path)
    if stem.lower() in _FOLDERS_SAY_NOTHING:
        # `ticket_answerer/agent.py`: the folder says what the file does not.
        folders = posixpath.dirname(seen.place.path).split("/")
        telling_folder = next((folder for folder in reversed(folders) if folder.lower() not in _FOLDERS_SAY_NOTHING), "")
        if telling_folder and slug_from_name(telling_folder) != _NO_SLUG:
            return slug_from_name(telling_folder)
    return slug_from_name(f"{seen.framework}-{stem}")


def _stem(path: str) -> str:
    name = posixpath.basename(path)
    return name.partition(".")[0] or name.strip(".")


def _tails(paths: Sequence[str]) -> dict[str, str]:
    """For each path the shortest run of its folders and file name, nearest to its end, that no other of the paths has there."""
    parts = {path: [*posixpath.dirname(path).split("/"), _stem(path)] for path in dict.fromkeys(paths)}
    tails: dict[str, str] = {}
    if len(parts) == 1:
        return tails
    deepest = max(len(names) for names in parts.values())
    for length in range(1, min(deepest, _LONGEST_TAIL) + 1):
        for end in range(deepest - length + 1):
            runs = {
                path: tuple(names[len(names) - end - length : len(names) - end])
                for path, names in parts.items()
                if len(names) >= end + length
            }
            counts = Counter(runs.values())
            for path, run in runs.items():
                if path not in tails and counts[run] == 1 and any(run):
                    tails[path] = "-".join(part for part in run if part)
        if len(tails) == len(parts):
            break
    return tails


def _free(slug: str, tail: str, taken: set[str], numbers: dict[str, int]) -> str:
    """The slug with its tail, and where that is taken too, the next free number; `numbers` keeps where to go on."""
    wanted = slug_from_name(f"{slug[:90]}-{tail}") if tail else slug
    if wanted not in taken:
        return wanted
    number = numbers.get(wanted, 2)
    while f"{wanted[:118]}-{number}" in taken:
        number += 1
    numbers[wanted] = number + 1
    return f"{wanted[:118]}-{number}"
