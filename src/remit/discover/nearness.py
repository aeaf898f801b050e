"""Whose a thing is that stands apart from every agent: settings beside the code, a deployment, a key in a file.

Invariants:
- what stands inside an agent's own lines is about that agent alone, what stands in an agent's file about the agents of that file;
- what says itself what it runs (a folder, a program, a name that one agent has) is about that, and about nothing else;
- a file of settings is about the agents in its folder, else about those below it; a folder that only holds configuration (`deploy`)
  counts as the one around it. Agents of several folders are not one process: only those that read the setting by its name count;
- where nothing tells which of several agents is meant, none is: nothing is guessed.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Sequence

from remit.model.agent import Agent
from remit.model.evidence import IdentitySeen
from remit.model.labels import folded, is_telling, words_of
from remit.model.place import Place

_CODE = re.compile(r"\.(?:py|ipynb|tsx?|jsx?|mjs|cjs|mts|cts|go|java|kt|rb|cs|rs|php|md|mdx|rst|txt)\Z", re.IGNORECASE)
_OF_THE_FOLDER_AROUND = frozenset(
    [
        "aws",
        "conf",
        "config",
        "configs",
        "configuration",
        "deploy",
        "deployment",
        "deployments",
        "docker",
        "env",
        "envs",
        "settings",
        "secrets",
        "infra",
        "infrastructure",
        "iac",
        "terraform",
        "tf",
        "ops",
        "k8s",
        "kubernetes",
        "helm",
        "manifests",
        "chart",
        "charts",
        "templates",
        "cdk",
        "cloudformation",
        "stack",
        "stacks",
        "src",
    ]
)
_OF_IDENTITIES = frozenset(
    [
        "access",
        "account",
        "agent",
        "app",
        "bot",
        "ecs",
        "exec",
        "execution",
        "iam",
        "identity",
        "irsa",
        "lambda",
        "role",
        "runtime",
        "sa",
        "service",
        "svc",
        "task",
        "user",
    ]
)
"""Words that names of identities add to what they are the identity of."""
_OF_AGENTS = frozenset({"agent", "assistant", "bot"})
_MOST = 8
"""A file of settings for more agents than this says nothing about each of them."""


def core_of(name: str, *, is_identity: bool = False) -> frozenset[str]:
    """The words of a name without those that say what sort of thing it is; their order does not count."""
    words = frozenset(words_of(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)))
    return words - (_OF_IDENTITIES if is_identity else _OF_AGENTS)


def folder_of(path: str) -> str:
    """The folder that a file is about; empty for the root."""
    parts = posixpath.dirname(path).split("/")
    hidden = next((number for number, part in enumerate(parts) if part.startswith(".")), None)
    if hidden is not None:
        parts = parts[:hidden]
    while parts and parts[-1].lower() in _OF_THE_FOLDER_AROUND:
        parts.pop()
    return "/".join(parts)


def is_below(path: str, folder: str) -> bool:
    """Whether a file stands in a folder or below it."""
    return folder in ("", ".") or path.startswith(f"{folder}/")


class Neighbourhood:
    """The agents of one connection, by where they stand and what they are called."""

    def __init__(self, agents: Sequence[Agent]) -> None:
        self._agents = agents
        self._by_path: dict[str, list[int]] = defaultdict(list)
        self._by_label: dict[str, set[int]] = defaultdict(set)
        self._by_core: dict[frozenset[str], set[int]] = defaultdict(set)
        for number, agent in enumerate(agents):
            for path in {place.path for place in agent.places}:
                self._by_path[path].append(number)
            for label in {agent.id, agent.name or "", posixpath.basename(folder_of(agent.place.path))}:
                if is_telling(folded(label)) and label:
                    self._by_label[folded(label)].add(number)
                    self._by_core[core_of(label)].add(number)

    def of_place(self, place: Place) -> list[int]:
        """The agents (by position) that something at a place is about, such as a key that stands there."""
        here = self._by_path.get(place.path, [])
        inside = [number for number in here if any(_covers(at, place) for at in self._agents[number].places)]
        return inside or here or self._one_process(self._beside(place.path))

    def of_identity(self, seen: IdentitySeen) -> list[int]:
        """The agents that an identity is about that stands apart from them."""
        said: dict[str, list[str]] = defaultdict(list)
        for tag in seen.about:
            sort, _, text = tag.partition(":")
            said[sort].append(text)
        if said["role"]:
            return self._of_role(said["role"][0], seen.place.path)
        for path in said["runs"]:
            found = self._running(path)
            if found:
                return found
        named = {number for name in said["name"] for number in self._by_label.get(folded(name), ())}
        if named and len(self._folders(named)) == 1:
            return sorted(named)
        for folder in said["dir"]:
            found = [number for number, agent in enumerate(self._agents) if is_below(agent.place.path, folder)]
            return self._one_process(found, said["env"])
        if said["runs"]:
            return []
        found = self._beside(seen.place.path)
        if said["server"]:
            using = [number for number in found if self._uses_server(number, said["server"][0])]
            return using or self._one_process(found)
        chosen = self._one_process(found, said["env"])
        is_sure = not said["name"] or (len(self._files(chosen)) == 1 and folder_of(seen.place.path) != "")
        return chosen if is_sure else []

    def _of_role(self, name: str, path: str) -> list[int]:
        """The agent that a declared role is called after, else the only agent of its folder."""
        alike = self._by_core.get(core_of(name, is_identity=True), set())
        if alike:
            return sorted(alike) if len(self._folders(alike)) == 1 else []
        found = self._beside(path)
        return found if len(found) == 1 and folder_of(path) else []

    def _running(self, where: str) -> list[int]:
        """Agents of the one file that a container sees at a path: it ends in that path, or in what is left without its first folders."""
        parts = where.split("/")
        for start in range(max(1, len(parts) - 1)):
            end = "/".join(parts[start:])
            found = [number for number, agent in enumerate(self._agents) if f"/{agent.place.path}".endswith(f"/{end}")]
            if found:
                return found if len(self._files(found)) == 1 else []
        return []

    def _beside(self, path: str) -> list[int]:
        """The agents in the folder that a file is about, else those below it; of a file of code those in its own folder alone."""
        folder = folder_of(path)
        exact = [number for number, agent in enumerate(self._agents) if folder_of(agent.place.path) == folder]
        if exact or _CODE.search(path) is not None:
            return exact if _CODE.search(path) is None or len(self._files(exact)) == 1 else []
        return [number for number, agent in enumerate(self._agents) if is_below(agent.place.path, folder)]

    def _one_process(self, found: Sequence[int], variables: Sequence[str] = ()) -> list[int]:
        """All of them where they stand in one folder, else those that read the setting."""
        reading = [number for number in found if any(item.name in variables for item in self._agents[number].credentials)]
        chosen = reading if len(found) > 1 and reading else list(found)
        return chosen if len(chosen) <= _MOST and (reading or len(self._folders(chosen)) <= 1) else []

    def _uses_server(self, number: int, server: str) -> bool:
        return any(tool.startswith(f"mcp__{server}__") for tool in self._agents[number].tools or ())

    def _folders(self, numbers: Sequence[int] | set[int]) -> set[str]:
        return {folder_of(self._agents[number].place.path) for number in numbers}

    def _files(self, numbers: Sequence[int]) -> set[str]:
        return {self._agents[number].place.path for number in numbers}


def _covers(own: Place, place: Place) -> bool:
    return own.path == place.path and own.line is not None and place.line is not None and own.line <= place.line <= (own.end or own.line)
