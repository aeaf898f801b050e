"""The bounded walk of a folder: which files there are to read, and what is not read and why.

Invariants:
- nothing outside the root is opened: symbolic links are never followed, neither to folders nor to files;
- every file below the root is either found or named by a gap, by itself or by the folder that it is in;
- the order is that of the names, so that equal folders give equal walks; depth costs no stack;
- no name is unprintable later: bytes that are not UTF-8 stand as `\\xff` in every path that leaves this module.

What is left out of a scan without being asked: `.git`, `node_modules`, virtual environments (recognised by `pyvenv.cfg`), and what
`.gitignore` files in the root or below it name. `--include` brings back all but `.git`; `--exclude` wins over everything.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator

import msgspec

from remit.contracts.source import Scope
from remit.discover.sources.code.files import read_bounded
from remit.discover.sources.code.ignore import IgnoreStack, Patterns
from remit.model.evidence import Gap, GapKind
from remit.model.place import Place

_NOT_REGULAR = "a device, pipe or socket is never opened"
_MAX_GITIGNORE_BYTES = 256 * 1024
_FAULTS = {
    errno.EACCES: (GapKind.NO_PERMISSION, "may not be read by this user"),
    errno.EPERM: (GapKind.NO_PERMISSION, "may not be read by this user"),
    errno.ENOENT: (GapKind.VANISHED, "was there a moment before"),
    errno.ENOTDIR: (GapKind.VANISHED, "was a folder a moment before"),
    errno.ENAMETOOLONG: (GapKind.DEPTH, "its path is longer than the system opens"),
    errno.ELOOP: (GapKind.LINK, "became a link while it was read"),
}


class Found(msgspec.Struct, frozen=True):
    """A regular file that is to be read."""

    path: str
    """Relative to the root, forward slashes, always valid Unicode."""
    full: str
    """What to open."""
    note: str = ""
    """Why it is read although `.gitignore` names it; empty: it does not."""


class _Folder(msgspec.Struct, frozen=True):
    full: str
    path: str
    """As the system gives it (it may hold surrogates); empty for the root."""
    ignored: IgnoreStack
    hidden_by: str = ""
    """Why only what `--include` names is read here; empty: everything is."""


def shown(path: str) -> str:
    """A path as it stands in evidence: valid Unicode, with undecodable bytes written out."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return path


def fault_gap(path: str, error: OSError) -> Gap:
    """Why the system did not give a file or folder."""
    kind, what = _FAULTS.get(error.errno or 0, (GapKind.NO_PERMISSION, f"the system says: {error.strerror or 'it cannot be read'}"))
    return Gap(place=Place(path), kind=kind, what=what)


class Walk:
    """One walk of a scope. `wanted` says of a path whether any reader would open it."""

    def __init__(self, scope: Scope, wanted: Callable[[str], bool]) -> None:
        self._root = os.fspath(scope.root)
        self._real_root = os.path.realpath(self._root)
        self._include = Patterns(scope.include, is_trusted=True) if scope.include else None
        self._exclude = Patterns(scope.exclude, is_trusted=True) if scope.exclude else None
        self._wanted = wanted

    def entries(self) -> Iterator[Found | Gap]:
        """Files and gaps, in the order of their names; files of a folder before its sub-folders."""
        try:
            mode = os.stat(self._root).st_mode
        except OSError as error:
            yield fault_gap(shown(os.path.basename(self._root) or self._root), error)
            return
        if not stat.S_ISDIR(mode):
            name = os.path.basename(self._root)
            if not stat.S_ISREG(mode):
                yield Gap(place=Place(shown(name)), kind=GapKind.SPECIAL, what=_NOT_REGULAR)
            else:
                # The user names this file, so a link to it is followed.
                yield Found(shown(name), self._real_root) if self._wanted(name) else _unsupported(name)
            return
        waiting = [_Folder(self._root, "", IgnoreStack())]
        while waiting:
            inner: list[_Folder] = []
            yield from self._folder(waiting.pop(), inner)
            waiting.extend(reversed(inner))

    def _folder(self, folder: _Folder, inner: list[_Folder]) -> Iterator[Found | Gap]:
        try:
            with os.scandir(folder.full) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield fault_gap(shown(folder.path) or ".", error)
            return
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names and folder.path and not folder.hidden_by:
            why = "a virtual environment: installed packages, not this project"
            yield _left_out(folder.path, why)
            if self._include is None:
                return
            folder = msgspec.structs.replace(folder, hidden_by=why)
        if ".gitignore" in names and not folder.hidden_by:
            patterns = _gitignore(os.path.join(folder.full, ".gitignore"))
            if patterns is not None:
                folder = msgspec.structs.replace(folder, ignored=folder.ignored.below(folder.path, patterns))
        prefix = f"{folder.path}/" if folder.path else ""
        for entry in entries:
            yield from self._entry(entry, f"{prefix}{entry.name}", folder, inner)

    def _entry(self, entry: os.DirEntry[str], path: str, folder: _Folder, inner: list[_Folder]) -> Iterator[Found | Gap]:
        try:
            if entry.is_symlink():
                if not folder.hidden_by:
                    yield self._link(entry, path)
            elif entry.is_dir(follow_symlinks=False):
                yield from self._sub_folder(entry, path, folder, inner)
            elif entry.is_file(follow_symlinks=False):
                yield from self._file(entry, path, folder)
            elif not folder.hidden_by:
                yield Gap(place=Place(shown(path)), kind=GapKind.SPECIAL, what=_NOT_REGULAR)
        except OSError as error:
            yield fault_gap(shown(path), error)

    def _file(self, entry: os.DirEntry[str], path: str, folder: _Folder) -> Iterator[Found | Gap]:
        why = folder.hidden_by
        if self._exclude is not None and self._exclude.verdict(path):
            if not why:
                yield _left_out(path, "named by --exclude")
            return
        if not why and folder.ignored.names(path):
            why = "named by .gitignore"
        note = ""
        if why:
            if self._include is None or not self._include.verdict(path):
                if not folder.hidden_by:
                    yield _left_out(path, why)
                return
            note = f"read because --include names it: {why}"
        yield Found(shown(path), entry.path, note) if self._wanted(path) else _unsupported(path)

    def _sub_folder(self, entry: os.DirEntry[str], path: str, folder: _Folder, inner: list[_Folder]) -> Iterator[Gap]:
        named = f"{path}/"
        why = folder.hidden_by
        if entry.name == ".git":
            if not why:
                yield _left_out(path, "the version history itself is not read")
            return
        if self._exclude is not None and self._exclude.verdict(named):
            if not why:
                yield _left_out(path, "named by --exclude")
            return
        if not why:
            if entry.name == "node_modules":
                why = "installed packages, not this project"
            elif folder.ignored.names(named):
                why = "named by .gitignore"
            if why:
                yield _left_out(path, why)
        if why and self._include is None:
            return
        inner.append(_Folder(entry.path, path, folder.ignored, why))

    def _link(self, entry: os.DirEntry[str], path: str) -> Gap:
        target = os.path.realpath(entry.path)
        place = Place(shown(path))
        if target != self._real_root and not target.startswith(self._real_root.rstrip(os.sep) + os.sep):
            return Gap(place=place, kind=GapKind.OUTSIDE, what="a link that leads out of the scanned folder is not followed")
        try:
            os.stat(entry.path)
        except OSError as error:
            what = "a link that leads in a circle" if error.errno == errno.ELOOP else "a link to something that is not there"
            return Gap(place=place, kind=GapKind.LINK, what=what)
        inside = shown(os.path.relpath(target, self._real_root))
        return Gap(place=place, kind=GapKind.LINK, what=f"a link to `{inside}`, which is looked at in its own place")


def _left_out(path: str, why: str) -> Gap:
    return Gap(place=Place(shown(path)), kind=GapKind.LEFT_OUT, what=why)


def _unsupported(path: str) -> Gap:
    suffix = os.path.splitext(path)[1]
    what = f"no reader for `{shown(suffix)}` files" if suffix else "no reader for files of this name"
    return Gap(place=Place(shown(path)), kind=GapKind.UNSUPPORTED, what=what)


def _gitignore(full: str) -> Patterns | None:
    """The patterns of a `.gitignore`; None when it cannot be read (the file is then named as any other file is)."""
    try:
        data = read_bounded(full, _MAX_GITIGNORE_BYTES)
    except OSError:
        return None
    return None if data is None else Patterns(data.decode("utf-8", "replace").splitlines())
