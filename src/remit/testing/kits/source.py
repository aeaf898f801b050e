"""What every discovery source must do: point a source at a hostile folder and list what it does wrong.

A source's author calls `violations(SOURCE, folder)` in a test, with an empty folder, and wants none. Proved are the rules of
`contracts.source`:
- the scan of a hostile folder ends, and equal folders give equal streams;
- every file is in a `FileRead`, or in a gap of its own or of a folder that it is in; what `exclude` names is left out, in the ledger;
- every place points at a line that is there;
- nothing outside the root is opened, nothing is executed, no process is started, no network is used;
- no value of a secret leaves the source, and every name can be written as UTF-8;
- raising from `on_progress` cancels the run.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from remit.contracts.source import Progress, Scope, Source
from remit.model.evidence import Evidence, FileRead, Gap
from remit.model.place import Place

SPARSE_BYTES = 5 * 1024**3
_DEPTH = 120
_NESTING = 20_000
PLANTED = "ghp_" + "q8ZrT1vLw3XkYb6NcP0dHsJf5GmA2eUo9BxV"
"""A token that stands in the tree and must not leave the source."""
_WATCHED = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.bind",
)


class _Watch:
    """What the interpreter does while a source looks. An audit hook cannot be taken away, so one serves all runs."""

    def __init__(self) -> None:
        self.inside: str | None = None
        self.opened: list[str] = []
        self.forbidden: list[str] = []
        self._is_installed = False

    @contextlib.contextmanager
    def over(self, folder: Path) -> Iterator[None]:
        if not self._is_installed:
            sys.addaudithook(self._on_event)
            self._is_installed = True
        self.inside, self.opened, self.forbidden = str(folder), [], []
        try:
            yield
        finally:
            self.inside = None

    def _on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.inside is None:
            return
        if event in _WATCHED:
            self.forbidden.append(event)
        elif event in {"open", "os.listdir", "os.scandir"} and arguments and isinstance(arguments[0], str | bytes):
            path = os.fsdecode(arguments[0])
            if path.startswith(self.inside):
                self.opened.append(path)


_WATCH = _Watch()


def violations(source: Source, folder: Path) -> list[str]:
    """What a source does against its contract, in words; empty when it keeps it. `folder` is empty and becomes a hostile tree."""
    root, outside = folder / "root", folder / "outside"
    hostile_tree(root, outside)
    found: list[str] = []
    try:
        with _WATCH.over(folder):
            stream = list(source.look(Scope(root=root)))
    except Exception as error:  # noqa: BLE001 - whatever it raises is what the kit is there to tell
        return [f"the scan of a hostile folder stopped: {type(error).__name__}: {error}"]
    found += [f"opened `{path}`, which is outside the root" for path in _WATCH.opened if _is_outside(path, root)]
    found += [f"did what no source may do: {event}" for event in _WATCH.forbidden]
    found += _changes(root, outside)
    found += _uncounted(stream, root)
    found += _lost_places(stream, root)
    found += _leaks(stream)
    if list(source.look(Scope(root=root))) != stream:
        found.append("two runs over the same folder differ")
    found += _left_in(source, root)
    if not _is_cancelled(source, root):
        found.append("raising from `on_progress` does not cancel the run")
    return list(dict.fromkeys(found))


def hostile_tree(root: Path, outside: Path) -> None:
    """Writes a folder that a scan must survive: links, pipes, junk, bombs, nesting, names that bite."""
    root.mkdir(parents=True)
    outside.mkdir(parents=True)
    (outside / "decoy.py").write_text("SECRET = 1\n", "utf-8")
    for name, data in _FILES.items():
        target = os.path.join(os.fsencode(root), name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with contextlib.suppress(OSError), Path(os.fsdecode(target)).open("wb") as handle:  # a file system may refuse the worst names
            handle.write(data)
    with (root / "sparse.py").open("wb") as sparse:
        sparse.truncate(SPARSE_BYTES)
    deep = root
    for _ in range(_DEPTH):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "bottom.py").write_text("x = 1\n", "utf-8")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "circle").symlink_to("circle")
    (root / "dangling.py").symlink_to("nowhere.py")
    (root / "alias.py").symlink_to("plain.py")
    (root / "climbs.py").symlink_to("../outside/decoy.py")
    (root / "climbs").symlink_to(outside, target_is_directory=True)
    os.mkfifo(root / "pipe.py")
    (root / "closed.py").write_text("x = 1\n", "utf-8")
    (root / "closed.py").chmod(0)


_MARKER = "executed-by-a-source"
_RUNS = f"import pathlib\npathlib.Path(__file__).with_name('{_MARKER}').write_text('x')\n".encode()
_BOMB = "\n".join(
    ["a: &a [x, x, x, x, x, x, x, x, x]"]
    + [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
)
_FILES: dict[bytes, bytes] = {
    b"plain.py": b"x = 1\n",
    b"conftest.py": _RUNS,
    b"setup.py": _RUNS,
    b"package/__init__.py": _RUNS,
    b"package/sitecustomize.py": _RUNS,
    b"empty.py": b"",
    b"no-end.py": b"x = 1",
    b"leak.env": f"GITHUB_TOKEN={PLANTED}\n".encode(),
    b"leak.py": f"import os\ntoken = '{PLANTED}'\n".encode(),
    b".mcp.json": b'{"mcpServers": {"x": {"command": "run", "args": ["--token", "%s"], "env": {"T": "%s"}}}}' % ((PLANTED.encode(),) * 2),
    b"junk.py": bytes(range(256)) * 64,
    b"latin.py": "# caf\xe9\nx = 'd\xe9j\xe0 vu, encore et encore, une ligne de texte'\n".encode("latin-1"),
    b"noise.py": bytes([0xFD, 0x80, 0x81, 0xFE, 0xFF]) * 400,
    b"wide.py": "\ufeffx = 1\ny = 2\n".encode("utf-16"),
    b"marked.py": b"\xef\xbb\xbfx = 1\n",
    b"carriage.py": b"x = 1\r\ny = 2\ry = 3\r\n",
    b"deep.py": b"x = " + b"(" * _NESTING + b"1" + b")" * _NESTING + b"\n",
    b"deep.ts": b"const x = " + b"[" * _NESTING + b"1" + b"]" * _NESTING + b"\n",
    b"deep.json": b'{"mcpServers": ' + b"[" * _NESTING + b"]" * _NESTING + b"}",
    b"mcp.json": b'{"mcpServers": ' + b'{"a":' * _NESTING + b"1" + b"}" * _NESTING + b"}",
    b"deep.yaml": b"agents: " + b"[" * _NESTING + b"]" * _NESTING + b"\n",
    b"agents.yaml": b"a: " + b"{a: " * 3_000 + b"1" + b"}" * 3_000 + b"\n",
    b"bomb.yaml": _BOMB.encode() + b"\n",
    b".github/workflows/bomb.yml": _BOMB.encode() + b"\njobs: *i\n",
    b"tags.yaml": b"agents: !!python/object/apply:os.system ['touch " + _MARKER.encode() + b"']\n",
    b"breaks.yaml": 'agents:\n  one: {model: m, instruction: "a\u2028b\u0085c"}\r\n  two: {model: m}\n'.encode(),
    b"broken.json": b'{"mcpServers": {"a": ',
    b"broken.toml": b"[mcp_servers.a\ncommand = ",
    b"broken.ipynb": b'{"cells": [{"cell_type": "code", "source": 7}, 3, null]}',
    b"broken.tf": b'resource "aws_bedrockagent_agent" "a" { agent_name = ',
    b".claude/agents/broken.md": b"---\nname: [\n---\ntext\n",
    b".claude/agents/endless.md": b"---\nname: x\n",
    b"workflows/lone.json": b'{"nodes": [{"type": "@n8n/n8n-nodes-langchain.agent", "name": "\\ud800"}], "connections": {}}',
    b"\x1b[31mred\x1b[0m.py": b"x = 1\n",
    b"new\nline.py": b"x = 1\n",
    b"bad-\xff\xfe.py": b"x = 1\n",
    b"dir-\xff/inner.py": b"x = 1\n",
    "right-to-left-\u202egnp.py".encode(): b"x = 1\n",
    b"left/.gitignore": b"*.log\n" + b"*a" * 40 + b"b\n" + b"**/" * 40 + b"z\n[\n!\n\\\n",
    b"left/" + b"a" * 200 + b".py": b"x = 1\n",
    b".gitignore": b"ignored/\nignored-*.py\n",
    b"ignored/inner.py": b"x = 1\n",
    b"ignored-one.py": b"x = 1\n",
    b"node_modules/pkg/index.js": b"x = 1\n",
    b".git/config": b"[core]\n",
    b"CODEOWNERS": b"* @org/all\n*" + b"*a" * 100 + b" @org/slow\n/x\\ y @a\n[section]\n@nobody\n",
}
"""Name -> bytes; names are bytes because some are no text."""


def _is_outside(path: str, root: Path) -> bool:
    return path != str(root) and not path.startswith(f"{root}{os.sep}")


def _changes(root: Path, outside: Path) -> list[str]:
    found = [f"what stands in the folder was executed: `{path}` appeared" for path in root.rglob(_MARKER)]
    if sorted(path.name for path in outside.iterdir()) != ["decoy.py"]:
        found.append("something outside the root was changed")
    return found


def _all_files(root: Path) -> Iterator[str]:
    """Every name below the root that is not a folder, as evidence writes it."""
    for folder, names, files in os.walk(root, followlinks=False):
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        for name in (*files, *links):
            relative = os.path.relpath(os.path.join(folder, name), root)
            yield relative.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace(os.sep, "/")


def _uncounted(stream: Iterable[Evidence | Gap], root: Path) -> list[str]:
    read: set[str] = set()
    left: set[str] = set()
    found = []
    for seen in stream:
        if isinstance(seen, FileRead):
            if seen.place.path in read:
                found.append(f"counted twice: `{seen.place.path!r}`")
            read.add(seen.place.path)
        elif isinstance(seen, Gap) and seen.is_file:
            left.add(seen.place.path)
    for path in _all_files(root):
        parents = {path, *("/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 1))}
        if path in read and path in left:
            found.append(f"both read and not read: {path!r}")
        elif path not in read and not parents & left:
            found.append(f"neither read nor in the ledger: {path!r}")
    return found


def _places(value: Any) -> Iterator[Place]:
    if isinstance(value, Place):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _places(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _places(item)


def _lost_places(stream: Iterable[Evidence | Gap], root: Path) -> list[str]:
    known = {path: os.path.join(root, path) for path in _all_files(root)}
    lines: dict[str, int] = {}
    found = []
    for seen in stream:
        for place in _places(seen):
            if place.line is None:
                continue
            if place.path not in known:
                found.append(f"points at a file that is not there: {place.path!r}")
                continue
            if place.path not in lines:
                data = Path(known[place.path]).read_bytes() if os.path.getsize(known[place.path]) < SPARSE_BYTES else b""
                text = data.decode("utf-16") if data.startswith((b"\xff\xfe", b"\xfe\xff")) else data.decode("utf-8", "replace")
                lines[place.path] = text.count("\n") + 1
            if not 1 <= place.line <= (place.end or place.line) <= lines[place.path]:
                found.append(f"points at a line that is not there: {place.path!r}:{place.line}-{place.end} of {lines[place.path]}")
    return found


def _leaks(stream: Iterable[Evidence | Gap]) -> list[str]:
    found = []
    for seen in stream:
        text = repr(seen)
        if PLANTED in text:
            found.append(f"the value of a secret leaves the source in a {type(seen).__name__} at {seen.place}")
        try:
            seen.place.path.encode("utf-8")
        except UnicodeEncodeError:
            found.append(f"a path that has no UTF-8 form: {seen.place.path!r}")
    return found


def _left_in(source: Source, root: Path) -> list[str]:
    """What is wrong when one file is excluded."""
    stream = list(source.look(Scope(root=root, exclude=("/plain.py", "package/"))))
    read = {seen.place.path for seen in stream if isinstance(seen, FileRead)}
    left = {seen.place.path for seen in stream if isinstance(seen, Gap) and seen.is_file}
    found = []
    for path, folder in (("plain.py", ""), ("package/__init__.py", "package")):
        if path in read:
            found.append(f"read although it is excluded: `{path}`")
        elif path not in left and folder not in left:
            found.append(f"excluded, and not in the ledger: `{path}`")
    return found


class _CancelledError(Exception):
    """Raised by the kit from `on_progress`."""


def _is_cancelled(source: Source, root: Path) -> bool:
    def on_progress(progress: Progress) -> None:
        raise _CancelledError(progress.path)

    try:
        list(source.look(Scope(root=root, on_progress=on_progress)))
    except _CancelledError:
        return True
    return False
