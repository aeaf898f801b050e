"""The Python modules of a repository: which file an import means, and whether a name is a library's or the repository's own.

Invariants:
- a module is searched beside the importing file and in the folders above it, there also under `src`;
- a folder with a known library's name is the repository's own only when the name is ambiguous and nothing marks it as the library.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from remit.discover.sources.code.python.module import Import, Module
from remit.discover.sources.code.reader import Project

_KEPT_MODULES = 128
_MAX_ELSEWHERE = 20


class Libraries(msgspec.Struct, frozen=True):
    """What is known of libraries, as far as names need it."""

    tops: frozenset[str]
    """Top-level names of known libraries."""
    ambiguous: dict[str, tuple[str, ...]]
    """Of these, the ones that repositories use for folders of their own, with files that only the library itself has."""
    is_known: Callable[[str], bool]
    """Whether a path is in the table."""


class Repository:
    """Modules of one scan, parsed when they are first asked for."""

    def __init__(self, project: Project, libraries: Libraries, load: Callable[[Project, str], Module | None]) -> None:
        self.project = project
        self.libraries = libraries
        self._load = load
        self._modules: OrderedDict[str, Module | None] = OrderedDict()
        self._located: dict[tuple[str, str], str | None] = {}
        self._anywhere: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] | None = None
        self._folders: frozenset[str] | None = None

    def remember(self, module: Module) -> None:
        """Keeps a module that was parsed already."""
        self._modules[module.path] = module
        while len(self._modules) > _KEPT_MODULES:
            self._modules.popitem(last=False)

    def module(self, path: str) -> Module | None:
        """The parsed module at a path of the scan; None when it cannot be read."""
        if path in self._modules:
            self._modules.move_to_end(path)
            return self._modules[path]
        loaded = self._load(self.project, path)
        self._modules[path] = loaded
        while len(self._modules) > _KEPT_MODULES:
            self._modules.popitem(last=False)
        return loaded

    def folders(self) -> frozenset[str]:
        """Every folder of the scan that holds a Python file, at any depth."""
        if self._folders is None:
            found: set[str] = set()
            for path in self.project.paths:
                if not path.endswith(".py"):
                    continue
                folder = path.rpartition("/")[0]
                while folder and folder not in found:
                    found.add(folder)
                    folder = folder.rpartition("/")[0]
            self._folders = frozenset(found)
        return self._folders

    def locate(self, module: Module, target: Import) -> str | None:
        """The file (or folder, ending in `/`) of the scan that an import's module means; None: it comes from outside."""
        here = module.path.rpartition("/")[0]
        if target.level:
            parts = here.split("/") if here else []
            if target.level - 1 > len(parts):
                return None
            base = "/".join(parts[: len(parts) - (target.level - 1)])
            return self.file(base, target.module)
        key = (here, target.module)
        if key not in self._located:
            self._located[key] = self._search(here, target.module)
        return self._located[key]

    def file_of(self, module: Module, target: Import) -> str | None:
        """The file of the scan that an import brings in: the module, or the module that it names in a package."""
        path = self.locate(module, target)
        if path is None:
            return None
        if target.attribute not in (None, "*") and path.endswith(("/__init__.py", "/")):
            inner = self.file(path.rpartition("/")[0], target.attribute or "")
            if inner is not None and not inner.endswith("/"):
                return inner
        return path

    def _search(self, here: str, dotted: str) -> str | None:
        folder = here
        while True:
            for base in (folder, f"{folder}/src" if folder else "src"):
                found = self.file(base, dotted)
                if found is not None and self._is_local(base, dotted):
                    return found
            if not folder:
                return None
            folder = folder.rpartition("/")[0]

    def _is_local(self, base: str, dotted: str) -> bool:
        """False when the folder is a well-known library's own source, so that its names keep their public meaning."""
        top = dotted.split(".", 1)[0]
        if top not in self.libraries.tops:
            return True
        marks = self.libraries.ambiguous.get(top)
        return marks is not None and not self._has(base, marks)

    def _has(self, base: str, marks: tuple[str, ...]) -> bool:
        return any((f"{base}/{mark}" if base else mark) in self.project.paths for mark in marks)

    def own_name(self, path: str) -> str | None:
        """Public dotted name of a module in a known library's own source: `crewai.agent` of `src/crewai/agent.py`."""
        parts = path.removesuffix("/__init__.py").removesuffix(".py").rstrip("/").split("/")
        for index in range(len(parts) - 1, -1, -1):
            top, base = parts[index], "/".join(parts[:index])
            if top not in self.libraries.tops or (f"{base}/{top}" if base else top) + "/__init__.py" not in self.project.paths:
                continue
            marks = self.libraries.ambiguous.get(top)
            return ".".join(parts[index:]) if marks is None or self._has(base, marks) else None
        return None

    def file(self, base: str, dotted: str) -> str | None:
        stem = "/".join(part for part in (base, dotted.replace(".", "/")) if part)
        paths = self.project.paths
        if not dotted:
            return f"{stem}/__init__.py" if f"{stem}/__init__.py" in paths else f"{stem}/"
        for candidate in (f"{stem}.py", f"{stem}/__init__.py"):
            if candidate in paths:
                return candidate
        return f"{stem}/" if stem in self.folders() else None

    def elsewhere(self, dotted: str) -> list[str]:
        """Files anywhere in the repository that could be a module of an ambiguous name; none where the name is not ambiguous."""
        marks = self.libraries.ambiguous.get(dotted.split(".", 1)[0])
        if marks is None:
            return []
        if dotted not in self._anywhere:
            stem = dotted.replace(".", "/")
            found: list[str] = []
            for ending in (f"/{stem}.py", f"/{stem}/__init__.py"):
                paths = sorted(path for path in self._called(stem.rpartition("/")[2]) if f"/{path}".endswith(ending))
                found.extend(path for path in paths if not self._has(path[: -len(ending)] if len(path) >= len(ending) else "", marks))
            self._anywhere[dotted] = found[:_MAX_ELSEWHERE]
        return self._anywhere[dotted]

    def _called(self, stem: str) -> list[str]:
        """Files of the scan that are a module or a package of this name."""
        if self._stems is None:
            self._stems = {}
            for path in self.project.paths:
                if path.endswith(".py"):
                    own = path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2]
                    self._stems.setdefault(own, []).append(path)
        return self._stems.get(stem, [])
