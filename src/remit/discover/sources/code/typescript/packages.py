"""Where an import leads: to a file of the same repository, or to a package.

Invariants: only paths of the scan are answered; `node_modules` is never looked into; an unclear specifier leads nowhere.
"""

from __future__ import annotations

import json
import posixpath
import re
from typing import Any

from remit.discover.sources.code.reader import Project

_ENDINGS = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
_COMPILED = {".js": (".ts", ".tsx", ".js", ".jsx"), ".jsx": (".tsx", ".jsx"), ".mjs": (".mts", ".mjs"), ".cjs": (".cts", ".cjs")}
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_VERSION = re.compile(r"(?<=[^/@])@[^/]*")
_HOSTED = re.compile(r"https?://(?:esm\.sh|cdn\.skypack\.dev|esm\.run|cdn\.jsdelivr\.net/npm|unpkg\.com|deno\.land/x)/(?:v\d+/)?")


def canonical(source: str) -> str:
    """A specifier without the ways in which Deno, Bun and Node write where it comes from."""
    source = source.split("?", 1)[0]
    hosted = _HOSTED.match(source)
    if hosted or source.startswith(("npm:", "jsr:")):
        source = source[hosted.end() :] if hosted else source[4:].lstrip("/")
        return _VERSION.sub("", source, count=1) if not source.startswith("@") else "@" + _VERSION.sub("", source[1:], count=1)
    return source.removeprefix("node:")


def local_path(project: Project, importer: str, source: str) -> str | None:
    """The file of this repository that `source` means in `importer`; None: a package, or not among the files of the scan."""
    folder = posixpath.dirname(importer)
    if source.startswith("."):
        return _file(project, posixpath.normpath(posixpath.join(folder, source)))
    if source.startswith("/") or ":" in source:
        return None
    return _by_alias(project, folder, source) or _by_workspace(project, source)


def _file(project: Project, path: str) -> str | None:
    if path.startswith(".."):
        return None
    path = "" if path == "." else path
    stem, ending = posixpath.splitext(path)
    options = [stem + other for other in _COMPILED.get(ending, ())]
    if ending in _ENDINGS:
        options.append(path)
    options += [path + other for other in _ENDINGS]
    options += [posixpath.join(path, "index" + other) for other in _ENDINGS]
    return next((option for option in options if option in project.paths), None)


def _json(project: Project, path: str) -> dict[str, Any]:
    file = project.file(path)
    if file is None or len(file.data) > 200_000:
        return {}
    text = _COMMENT.sub(lambda match: match[1] or "", file.text)
    text = _TRAILING.sub(lambda match: match[1] or "", text)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _aliases(project: Project, folder: str) -> tuple[tuple[str, str], ...]:
    """(prefix of a specifier, folder or file) of the nearest tsconfig.json or jsconfig.json; longest prefix first."""
    key = ("typescript", "aliases", folder)
    if key in project.memo:
        known: tuple[tuple[str, str], ...] = project.memo[key]
        return known
    found: tuple[tuple[str, str], ...] = ()
    config = next((path for name in ("tsconfig.json", "jsconfig.json") if (path := posixpath.join(folder, name)) in project.paths), None)
    if config is not None:
        found = _paths_of(project, config, 0)
    if not found and folder:
        found = _aliases(project, posixpath.dirname(folder))
    project.memo[key] = found
    return found


def _paths_of(project: Project, config: str, depth: int) -> tuple[tuple[str, str], ...]:
    data = _json(project, config)
    options = data.get("compilerOptions")
    folder = posixpath.dirname(config)
    paths = options.get("paths") if isinstance(options, dict) else None
    if not isinstance(paths, dict):
        parent = data.get("extends")
        if depth < 4 and isinstance(parent, str) and parent.startswith("."):
            path = posixpath.normpath(posixpath.join(folder, parent))
            return _paths_of(project, path if path in project.paths else path + ".json", depth + 1)
        return ()
    base = options.get("baseUrl", ".") if isinstance(options, dict) else "."
    base = base if isinstance(base, str) else "."
    found: list[tuple[str, str]] = []
    for pattern, targets in paths.items():
        listed = targets if isinstance(targets, list) else []
        found += [(pattern, posixpath.normpath(posixpath.join(folder, base, target))) for target in listed if isinstance(target, str)]
    found.sort(key=lambda item: -len(item[0]))
    return tuple(found)


def _by_alias(project: Project, folder: str, source: str) -> str | None:
    for pattern, target in _aliases(project, folder):
        prefix, star, _ = pattern.partition("*")
        if (star and source.startswith(prefix)) or source == pattern:
            path = _file(project, target.replace("*", source[len(prefix) :], 1) if star else target)
            if path is not None:
                return path
    return None


def _workspaces(project: Project) -> dict[str, str]:
    """Package name -> its folder, of every package.json in the scan."""
    key = ("typescript", "workspaces")
    if key not in project.memo:
        names: dict[str, str] = {}
        manifests = sorted(path for path in project.paths if posixpath.basename(path) == "package.json" and "node_modules/" not in path)
        for path in manifests[:2000]:
            name = _json(project, path).get("name")
            if isinstance(name, str) and name:
                names.setdefault(name, posixpath.dirname(path))
        project.memo[key] = names
    known: dict[str, str] = project.memo[key]
    return known


def _by_workspace(project: Project, source: str) -> str | None:
    parts = source.split("/")
    size = 2 if source.startswith("@") else 1
    folder = _workspaces(project).get("/".join(parts[:size]))
    if folder is None:
        return None
    rest = "/".join(parts[size:])
    manifest = _json(project, posixpath.join(folder, "package.json"))
    options: list[str] = []
    if rest:
        options = [_export_of(manifest, "./" + rest), rest, f"src/{rest}", f"lib/{rest}"]
    else:
        entries = [_export_of(manifest, "."), manifest.get("source"), manifest.get("module"), manifest.get("main"), manifest.get("types")]
        options = [*(entry for entry in entries if isinstance(entry, str)), "src/index", "index", "src"]
    for option in options:
        for candidate in (option, _source_of(option)) if option else ():
            path = _file(project, posixpath.normpath(posixpath.join(folder, candidate)))
            if path is not None:
                return path
    return None


def _export_of(manifest: dict[str, Any], key: str) -> str:
    exports = manifest.get("exports")
    target = exports.get(key) if isinstance(exports, dict) else exports if key == "." else None
    for _ in range(4):
        if not isinstance(target, dict):
            break
        target = next((target[name] for name in ("source", "development", "bun", "import", "default", "types") if name in target), None)
    return target if isinstance(target, str) else ""


def _source_of(path: str) -> str:
    """The source that a build output was probably made from."""
    return re.sub(r"^(\./)?(dist|lib|build)/", "src/", path)
