"""Which identities, credentials, actions and owners belong to which agent, each with the places that show it.

Invariants:
- what names its subject belongs to that agent alone; what does not belongs to every agent of its file;
- an action belongs to an agent when code that the agent can reach would take it: module-level code of its file, and the functions of its
  tools and what they call; where the tools' code is not known, every function of its file and what these call;
- of a managed agent only the tools count, for the code around it is that of whoever sets it up;
- reaching is a walk over a graph that may have cycles, and is bounded by the size of that graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from remit.discover import codeowners
from remit.discover.merge import Sighting
from remit.model.agent import AgentKind, InferredAction, OwnerCandidate
from remit.model.evidence import ActionSeen, CallSeen, CredentialSeen, IdentitySeen, OwnerSeen
from remit.model.identity import Because, Binding, Credential
from remit.model.place import Confidence, Place

_MOST_ACTIONS = 200
_SURENESS = (Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE)
_Function = tuple[str, str | None]
"""Path, and dotted name; None for the module's own level."""


def _owners_of(subject: Place | None, place: Place, sightings: Sequence[Sighting], by_path: dict[str, list[int]]) -> list[int]:
    """The indices of the agents that a piece of evidence belongs to."""
    if subject is None:
        return by_path.get(place.path, [])
    here = by_path.get(subject.path, [])
    exact = [index for index in here if any(at.path == subject.path and at.line == subject.line for at in sightings[index].places)]
    if exact:
        return exact
    line = subject.line or 0
    return [
        index
        for index in here
        if any(at.path == subject.path and (at.line or 0) <= line <= (at.end or 0) for at in sightings[index].places)
    ]


def paths_of(sightings: Sequence[Sighting]) -> dict[str, list[int]]:
    """Path -> the agents with a place in it."""
    by_path: dict[str, list[int]] = defaultdict(list)
    for index, sighting in enumerate(sightings):
        for path in dict.fromkeys(place.path for place in sighting.places):
            by_path[path].append(index)
    return by_path


def identities(sightings: Sequence[Sighting], seen: Iterable[IdentitySeen]) -> list[tuple[Binding, ...]]:
    """For each agent the identities that it uses, each once, with every place that says so and the surest confidence."""
    by_path = paths_of(sightings)
    found: list[dict[str, list[IdentitySeen]]] = [defaultdict(list) for _ in sightings]
    for identity in seen:
        for index in _owners_of(identity.subject, identity.place, sightings, by_path):
            found[index][identity.ref].append(identity)
    return [
        tuple(
            Binding(
                ref=ref,
                because=tuple(dict.fromkeys(Because(place=item.place, text=item.because) for item in items)),
                confidence=min((item.confidence for item in items), key=_SURENESS.index),
            )
            for ref, items in refs.items()
        )
        for refs in found
    ]


def through_modules(sightings: Sequence[Sighting], seen: Iterable[IdentitySeen], calls: Iterable[CallSeen]) -> list[IdentitySeen]:
    """The same evidence, and for each agent the identity that a module names which its file uses, directly or through others.

    A module that names several identities of one sort serves several users: it says nothing about each of them.
    """
    listed = list(seen)
    by_path = paths_of(sightings)
    named: dict[tuple[str, str], set[str]] = defaultdict(set)
    for identity in listed:
        named[identity.place.path, identity.ref.partition(":")[0]].add(identity.ref)
    alone = [
        identity
        for identity in listed
        if identity.subject is None
        and not identity.about
        and identity.place.path not in by_path
        and len(named[identity.place.path, identity.ref.partition(":")[0]]) == 1
    ]
    if not alone:
        return listed
    users: dict[str, set[str]] = defaultdict(set)
    for call in calls:
        users[call.to_path].add(call.place.path)
    for identity in alone:
        for path in sorted(_all_users(identity.place.path, users) & by_path.keys()):
            for index in by_path[path]:
                if sightings[index].seen.place.path == path:
                    sure = max(identity.confidence, Confidence.LIKELY, key=_SURENESS.index)
                    listed.append(msgspec.structs.replace(identity, subject=sightings[index].seen.place, confidence=sure))
    return listed


def _all_users(path: str, users: Mapping[str, set[str]]) -> set[str]:
    """Every file from which a module is reached."""
    waiting, found = [path], set[str]()
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in found:
                found.add(user)
                waiting.append(user)
    return found


def apart(sightings: Sequence[Sighting], seen: Iterable[IdentitySeen]) -> tuple[IdentitySeen, ...]:
    """The identities that stand where no agent does: in settings, deployments, modules that agents use."""
    by_path = paths_of(sightings)
    listed = list(seen)
    settled = {(identity.place, identity.ref) for identity in listed if _owners_of(identity.subject, identity.place, sightings, by_path)}
    return tuple(identity for identity in listed if (identity.place, identity.ref) not in settled)


def credentials(sightings: Sequence[Sighting], seen: Iterable[CredentialSeen]) -> list[tuple[Credential, ...]]:
    """For each agent the credentials by name that are read where it stands, each name once, at its first place."""
    by_path = paths_of(sightings)
    found: list[dict[str, Credential]] = [{} for _ in sightings]
    for credential in seen:
        for index in _owners_of(credential.subject, credential.place, sightings, by_path):
            found[index].setdefault(credential.name, Credential(name=credential.name, kind=credential.kind, place=credential.place))
    return [tuple(names.values()) for names in found]


class Reach:
    """What code refers to what, and which actions it takes."""

    def __init__(self, calls: Iterable[CallSeen], actions: Iterable[ActionSeen]) -> None:
        self._edges: dict[_Function, dict[_Function, None]] = defaultdict(dict)
        self._actions: dict[_Function, list[ActionSeen]] = defaultdict(list)
        self._functions: dict[str, dict[str, int]] = defaultdict(dict)
        for call in calls:
            self._edges[call.place.path, call.function][call.to_path, call.to_function] = None
            self._know(call.place.path, call.function, call.place.line or 0)
            self._know(call.to_path, call.to_function, 0)
        for action in actions:
            self._actions[action.place.path, action.function].append(action)
            self._know(action.place.path, action.function, action.place.line or 0)
        self._memo: dict[tuple[_Function, ...], tuple[InferredAction, ...]] = {}

    def _know(self, path: str, function: str | None, line: int) -> None:
        if function is not None:
            first = self._functions[path].get(function, 0)
            self._functions[path][function] = min(first, line) if first and line else first or line

    def of(self, sighting: Sighting) -> tuple[InferredAction, ...]:
        """The actions that an agent's code would take, by path and line of the first place of each."""
        if not self._actions:
            return ()
        roots = tuple(self._roots(sighting))
        if roots not in self._memo:
            self._memo[roots] = self._collected(roots)
        return self._memo[roots]

    def _roots(self, sighting: Sighting) -> Iterable[_Function]:
        seen = sighting.seen
        path = seen.place.path
        # INVARIANT (managed): the code around the agent is that of whoever sets it up.
        is_managed = seen.kind is AgentKind.MANAGED
        roots: dict[_Function, None] = {} if is_managed else {(path, None): None}
        located = {name: (tool_path, line) for name, tool_path, line in seen.tool_places}
        for name, (tool_path, line) in located.items():
            for function in self._tool(name, tool_path, line):
                roots[tool_path, function] = None
        if not is_managed and (seen.tools is None or not located):
            roots.update(((path, function), None) for function in self._functions.get(path, ()))
        return roots

    def _tool(self, name: str, path: str, line: int) -> list[str]:
        """The functions that a tool is: of its name, else the one whose code begins next after the tool's line."""
        functions = self._functions.get(path, {})
        named = [function for function in functions if function == name or function.endswith(f".{name}")]
        if named:
            return named
        after = sorted((first, function) for function, first in functions.items() if first >= line)
        return [after[0][1]] if after else []

    def _collected(self, roots: Iterable[_Function]) -> tuple[InferredAction, ...]:
        waiting, reached = list(roots), set(roots)
        found: dict[tuple[str, str, str | None], InferredAction] = {}
        while waiting and len(found) < _MOST_ACTIONS:
            node = waiting.pop()
            for action in self._actions.get(node, ()):
                inferred = InferredAction(system=action.system, action=action.action, resource=action.resource, because=action.place)
                found.setdefault((action.system, action.action, action.resource), inferred)
            for other in (*self._edges.get(node, ()), *self._inside(node)):
                if other not in reached:
                    reached.add(other)
                    waiting.append(other)
        return tuple(
            sorted(
                found.values(), key=lambda item: (item.because.path, item.because.line or 0, item.system, item.action, item.resource or "")
            )
        )

    def _inside(self, node: _Function) -> list[_Function]:
        """Functions defined in a reached function or class: they exist to be called from there."""
        path, function = node
        if function is None:
            return []
        prefix = f"{function}."
        return [(path, other) for other in self._functions.get(path, ()) if other.startswith(prefix)]


def owner_candidates(sightings: Sequence[Sighting], seen: Iterable[OwnerSeen]) -> list[tuple[OwnerCandidate, ...]]:
    """For each agent who may answer for it: named by a tag or label, by the nearest README, by the last pattern that fits its path."""
    by_path = paths_of(sightings)
    named: list[dict[str, OwnerCandidate]] = [{} for _ in sightings]
    patterns: list[OwnerSeen] = []
    readmes: dict[str, list[OwnerSeen]] = defaultdict(list)
    for owner in seen:
        if owner.is_team:
            continue
        if owner.pattern is not None:
            patterns.append(owner)
            continue
        if owner.folder is not None:
            readmes[owner.folder].append(owner)
            continue
        for index in _owners_of(owner.subject, owner.place, sightings, by_path):
            _add(named[index], owner)
    for index, sighting in enumerate(sightings):
        for owner in _of_nearest_readme(readmes, sighting.seen.place.path):
            _add(named[index], owner)
        for owner in reversed(patterns):
            if codeowners.names(owner.pattern or "", sighting.seen.place.path):
                _add(named[index], owner)
                break
    return [tuple(candidates.values()) for candidates in named]


def teams(sightings: Sequence[Sighting], seen: Iterable[OwnerSeen]) -> list[tuple[OwnerCandidate, ...]]:
    """For each agent the teams that its tags name."""
    by_path = paths_of(sightings)
    named: list[dict[str, OwnerCandidate]] = [{} for _ in sightings]
    for owner in seen:
        for index in _owners_of(owner.subject, owner.place, sightings, by_path) if owner.is_team else ():
            _add(named[index], owner)
    return [tuple(found.values()) for found in named]


def _of_nearest_readme(readmes: Mapping[str, list[OwnerSeen]], path: str) -> list[OwnerSeen]:
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        if folder in readmes:
            return readmes[folder]
    return []


def _add(candidates: dict[str, OwnerCandidate], owner: OwnerSeen) -> None:
    for name in owner.names:
        candidates.setdefault(name, OwnerCandidate(name=name, because=Because(place=owner.place, text=owner.because)))
