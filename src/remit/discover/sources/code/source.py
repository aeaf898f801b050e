"""The source for code and configuration: walks a folder once, and hands each file to the readers that want it.

Invariants:
- a file is in the ledger once: as read, or, when every reader that it concerns gave the whole of it up, as not read;
- one file, however bad, costs no other: whatever a reader raises is a gap that names the file;
- a file is read once, parsed only when its bytes show a reader's signal, and not kept beyond a bounded cache;
- nothing read is executed, no process is started, no network is opened.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import msgspec

from remit.contracts.source import Progress, Scope
from remit.discover.sources.code import owners, secrets
from remit.discover.sources.code.bounds import SECONDS, OutOfTime, costly, limited
from remit.discover.sources.code.evidence_texts import without_secrets_in
from remit.discover.sources.code.files import decoded, read_bounded
from remit.discover.sources.code.reader import Reader, SourceFile
from remit.discover.sources.code.readers import readers
from remit.discover.sources.code.standing import Standing
from remit.discover.sources.code.walk import Found, Walk, fault_gap
from remit.model.evidence import AgentSeen, Evidence, FileRead, Gap, GapKind
from remit.model.place import Place
from remit.model.shown import printable

_CACHE_BYTES = 64 * 1024 * 1024
_SMALL_BYTES = 4096
"""A file of this size costs nothing, whatever it holds."""
_PROGRESS_EVERY_FILES = 50
_LINE_END = re.compile("\n")
_MOST_NAMES = 64
"""Of a construct's model and tools: those whose lines are looked up."""
_LEAST_OWN_TEXT, _MOST_OWN_TEXT, _MOST_OWN_LINE = 60, 200_000, 2_000
"""In characters: what is hashed as the construct's own text, so that equal hashes mean copies."""


class _Files:
    """The project around a file (`reader.Project`): bounded, cached reading of what the walk found."""

    def __init__(self, found: Sequence[Found], max_file_bytes: int) -> None:
        self.paths = frozenset(entry.path for entry in found)
        self.memo: dict[Any, Any] = {}
        self._full = {entry.path: entry.full for entry in found}
        self._max_file_bytes = max_file_bytes
        self._cache: OrderedDict[str, SourceFile] = OrderedDict()
        self._cached_bytes = 0
        self._costs: dict[str, Gap | None] = {}
        self._standing: tuple[str, Standing] | None = None

    def file(self, path: str) -> SourceFile | None:
        """Another file of the scan; None when it is not among `paths`, could not be read, or costs too much to parse."""
        if path not in self._full:
            return None
        file = self.load(path)[0]
        return None if file is None or self.cost(file) is not None else file

    def cost(self, file: SourceFile) -> Gap | None:
        """Why a file is not to be parsed, judged once."""
        if len(file.data) <= _SMALL_BYTES:
            return None
        if file.path not in self._costs:
            self._costs[file.path] = costly(file)
        return self._costs[file.path]

    def standing(self, path: str) -> Standing | None:
        """The lines of a file's words; None for what is no file of this scan."""
        if self._standing is None or self._standing[0] != path:
            file = self.file(path)
            if file is None:
                return None
            self._standing = (path, Standing(file.text))
        return self._standing[1]

    def load(self, path: str) -> tuple[SourceFile | None, Gap | None]:
        """A file of the walk, and what there is to say about reading it."""
        cached = self._cache.get(path)
        if cached is not None:
            self._cache.move_to_end(path)
            return cached, None
        try:
            data = read_bounded(self._full[path], self._max_file_bytes)
        except OSError as error:
            return None, fault_gap(path, error)
        if data is None:
            return None, Gap(place=Place(path), kind=GapKind.TOO_LARGE, what=f"larger than {self._max_file_bytes:,} bytes")
        file, gap = decoded(path, data)
        if file is not None and gap is None:
            self._keep(file)
        return file, gap

    def _keep(self, file: SourceFile) -> None:
        self._cache[file.path] = file
        self._cached_bytes += len(file.data) * 2
        while self._cached_bytes > _CACHE_BYTES and len(self._cache) > 1:
            _, oldest = self._cache.popitem(last=False)
            self._cached_bytes -= len(oldest.data) * 2


class CodeSource:
    """Code and configuration below one folder."""

    name = "code"

    def __init__(self, using: Sequence[Reader] | None = None) -> None:
        self._using = using

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        """Yields what is not read, then file by file what is seen, then that the file was read."""
        using = tuple(self._using) if self._using is not None else readers()
        found: list[Found] = []
        for entry in Walk(scope, lambda path: _is_wanted(path, using)).entries():
            if isinstance(entry, Gap):
                yield entry
            else:
                found.append(entry)
        files = _Files(found, scope.max_file_bytes)
        code_owners = next((path for path in owners.PLACES if path in files.paths), None)
        seen_bytes = 0
        for number, entry in enumerate(found, start=1):
            if scope.on_progress is not None and number % _PROGRESS_EVERY_FILES == 1:
                scope.on_progress(Progress(files=number, bytes=seen_bytes, path=entry.path))
            file, gap = files.load(entry.path)
            if gap is not None:
                yield gap
            if file is None:
                continue
            seen_bytes += len(file.data)
            is_read = yield from _read_by(using, file, files)
            yield from secrets.secrets_in(file)
            if entry.path == code_owners:
                yield from map(without_secrets_in, owners.owners_in(file))
            if is_read:
                yield FileRead(place=Place(entry.path), size=len(file.data), note=entry.note)


def _is_wanted(path: str, using: Sequence[Reader]) -> bool:
    return any(reader.wants(path) for reader in using) or secrets.wants(path) or path in owners.PLACES


def _read_by(using: Sequence[Reader], file: SourceFile, files: _Files) -> Generator[Evidence | Gap, None, bool]:
    """What all readers that the file concerns see in it; returns whether it was read by any, or concerns none."""
    concerned = [reader for reader in using if reader.wants(file.path) and (reader.signals is None or reader.signals.search(file.data))]
    cost = files.cost(file) if concerned else None
    if cost is not None:
        yield cost
        return False
    refused = []
    for reader in concerned:
        seen, given_up = _read(reader, file, files)
        yield from seen
        refused += [given_up] if given_up is not None else []
    is_read = not concerned or len(refused) < len(concerned)
    for number, gap in enumerate(refused):
        yield msgspec.structs.replace(gap, is_file=not is_read and number == 0)
    return is_read


def _read(reader: Reader, file: SourceFile, files: _Files) -> tuple[list[Evidence | Gap], Gap | None]:
    """What a reader sees, and the gap by which it gave the whole file up. One that fails costs what it had not yet seen here."""
    own_text = _OwnText(file, files)
    found: list[Evidence | Gap] = []
    given_up = None
    what, kind = "", GapKind.PARSE_ERROR
    try:
        with limited():
            for seen in reader.read(file, files):
                if isinstance(seen, Gap) and seen.is_file and seen.place.path == file.path:
                    given_up = seen
                else:
                    found.append(without_secrets_in(own_text.added(seen) if isinstance(seen, AgentSeen) else seen))
    except OutOfTime:
        what, kind = f"takes the {reader.name} reader more than {SECONDS:.0f} seconds", GapKind.TOO_LARGE
    except RecursionError:
        what, kind = f"nested deeper than the {reader.name} reader follows", GapKind.DEPTH
    except MemoryError:
        what, kind = f"needs more memory than the {reader.name} reader has", GapKind.TOO_LARGE
    except Exception as error:  # noqa: BLE001 - a hostile file may break a reader in any way; the scan goes on
        what = f"the {reader.name} reader stopped: {printable(str(error) or type(error).__name__)}"
    if what:
        found.append(Gap(place=Place(file.path), kind=kind, what=what, is_file=False))
    return found, given_up


class _OwnText:
    """Hashes of the constructs of one file over their own text, and the lines on which their words stand; looked up once."""

    def __init__(self, file: SourceFile, files: _Files) -> None:
        self._file = file
        self._files = files
        self._starts: list[int] = []

    def added(self, seen: AgentSeen) -> AgentSeen:
        """The agent with what only its file tells: whether it lies among tests, the hash of its own text, the lines of its words."""
        return msgspec.structs.replace(
            seen,
            is_test=seen.is_test or self._file.is_test,
            code_hash=seen.code_hash or self._hash(seen.place),
            purpose_lines=self._purpose_lines(seen),
            named_at=self._named_at(seen),
        )

    def _purpose_lines(self, seen: AgentSeen) -> tuple[tuple[int, str, int], ...]:
        where = seen.purpose_origin or seen.purpose_place or seen.place
        standing = self._files.standing(where.path) if seen.purpose else None
        if standing is None:
            return ()
        return tuple((offset, where.path, line) for offset, line in standing.lines_of(seen.purpose or "", where.line or 1))

    def _named_at(self, seen: AgentSeen) -> tuple[tuple[str, str, int], ...]:
        names = [*([seen.model] if seen.model else []), *(seen.tools or ())][:_MOST_NAMES]
        standing = self._files.standing(seen.place.path) if names else None
        if standing is None:
            return ()
        lines = ((name, standing.line_of(name, seen.place.line or 1, seen.place.end)) for name in names)
        return tuple((name, seen.place.path, line) for name, line in lines if line is not None)

    def _hash(self, place: Place) -> str | None:
        """None where the end is not known, or the text says too little, or (a file on one line) too much to be the construct's own."""
        if place.path != self._file.path or place.line is None or place.end is None or place.end < place.line:
            return None
        text = self._file.text
        if not self._starts:
            self._starts = [0, *(match.end() for match in _LINE_END.finditer(text)), len(text)]
        if place.end >= len(self._starts):
            return None
        own = text[self._starts[place.line - 1] : self._starts[place.end]]
        if not _LEAST_OWN_TEXT <= len(own) <= _MOST_OWN_TEXT or (place.end == place.line and len(own) > _MOST_OWN_LINE):
            return None
        return hashlib.sha256(" ".join(own.split()).encode("utf-8", "replace")).hexdigest()[:32]


SOURCE = CodeSource()
