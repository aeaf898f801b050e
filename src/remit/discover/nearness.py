"""Which agents a file of settings is about: `.env`, a client's configuration, a file of credentials beside the code.

Invariants:
- what stands inside an agent's own lines is about that agent alone, what stands in an agent's file about the agents of that file;
- a file of settings is about the agents in its folder, else about those below it that have no nearer one; a folder that only holds
  configuration (`.aws`, `config`) counts as the one around it;
- where that would be more agents than one process holds, it is about none of them: nothing is guessed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from remit.model.place import Place

_SETTINGS = re.compile(
    r"(?:\A|/)(?:\.env(?:\.[\w.-]+)?|[\w.-]+\.env|\.envrc|env|credentials|config|[\w.-]*settings[\w.-]*|[\w.-]*config[\w.-]*|secrets?[\w.-]*"
    r"|(?:docker-)?compose[\w.-]*|\.?mcp[\w.-]*|claude_desktop_config\.json|values[\w.-]*|Dockerfile[\w.-]*|Procfile|run\.sh|start\.sh"
    r"|[\w.-]+\.(?:ini|cfg|conf|properties|tfvars|service|toml))\Z",
    re.IGNORECASE,
)
_OF_THE_FOLDER_AROUND = frozenset(
    [
        ".aws",
        ".cursor",
        ".vscode",
        ".claude",
        ".windsurf",
        ".codex",
        ".gemini",
        ".continue",
        ".streamlit",
        ".config",
        "conf",
        "config",
        "configs",
        "configuration",
        "deploy",
        "deployment",
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
    ]
)
_MOST = 8
"""A file of settings for more agents than this says nothing about each of them."""


def is_settings(path: str) -> bool:
    """Whether a file is read by code beside it, and is about that code."""
    return _SETTINGS.search(path) is not None


def folder_of(path: str) -> str:
    """The folder that a file of settings is about; empty for the root."""
    folder = posixpath.dirname(path)
    while folder and posixpath.basename(folder).lower() in _OF_THE_FOLDER_AROUND:
        folder = posixpath.dirname(folder)
    return folder


def is_below(path: str, folder: str) -> bool:
    """Whether a file stands in a folder or below it."""
    return not folder or path.startswith(f"{folder}/")


class Neighbourhood:
    """The agents of one connection by where they stand, and the files of settings around them."""

    def __init__(self, places: Sequence[Sequence[Place]], settings: Sequence[str] = ()) -> None:
        self._places = places
        self._folders = frozenset(folder_of(path) for path in settings)

    def about(self, place: Place) -> list[int]:
        """The agents (by position) that something at a place is about."""
        here = [number for number, own in enumerate(self._places) if any(at.path == place.path for at in own)]
        inside = [number for number in here if any(_covers(at, place) for at in self._places[number])]
        if inside or here:
            return inside or here
        return self.beside(place.path) if is_settings(place.path) else []

    def beside(self, path: str) -> list[int]:
        """The agents that a file of settings is about."""
        folder = folder_of(path)
        exact = [number for number, own in enumerate(self._places) if any(folder_of(at.path) == folder for at in own[:1])]
        found = exact or [
            number
            for number, own in enumerate(self._places)
            if own and is_below(own[0].path, folder) and not self._has_nearer(own[0].path, folder)
        ]
        return found if len(found) <= _MOST else []

    def _has_nearer(self, path: str, folder: str) -> bool:
        inner = posixpath.dirname(path)
        while len(inner) > len(folder):
            if inner in self._folders:
                return True
            inner = posixpath.dirname(inner)
        return False


def _covers(own: Place, place: Place) -> bool:
    return own.path == place.path and own.line is not None and place.line is not None and own.line <= place.line <= (own.end or own.line)
