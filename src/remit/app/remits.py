"""Remit files, loaded and kept fresh: what a point without a store decides by.

Decides which remits count (remit language section 8: a file counts as approved, `unsigned`) and what becomes of an agent whose
file changes under a running point.

Invariants:
- at start one bad file, two files for one agent, a missing path or a folder without a remit stop everything;
- while running, a file that turns bad leaves its agent denied with the reason; a deleted file makes its agent unknown; a changed
  file is taken over whole or not at all;
- a quarantine is on the disk before it is answered, and a damaged `suspended.json` denies everybody.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from remit.contracts.system import Vocabulary
from remit.decide.index import Entry, Index
from remit.document.parse import is_remit, parse_or_raise
from remit.model.agent import AgentState
from remit.model.errors import DocumentError, Problem, RefusedError
from remit.model.remit import Mode, Remit
from remit.model.shown import printable
from remit.store.suspended import Suspension, read_suspended, write_suspended

_Signature = tuple[int, int, int, int, int]
MAX_BYTES = 1 << 20
"""A longer file is refused by the parser; no more of it than that is read."""
_RACY_NS = 50_000_000
"""A file changed this shortly before it was read may change again without its times telling."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided by at one moment."""

    index: Index
    """Agents of files that turned bad are in it with their fault."""
    remits: Mapping[str, Remit]
    """By slug; without agents of files that turned bad."""
    suspended: Mapping[str, Suspension]
    fault: str = ""
    """Why nobody can be decided about; empty: all is well."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """One file as it was read last."""

    signature: _Signature | None
    """None: read it again next time."""
    remit: Remit | None = None
    agent: str = ""
    """Slug of the last remit that this file held, also when it has turned bad."""
    fault: str = ""
    problems: tuple[Problem, ...] = ()
    is_skipped: bool = False


class Remits:
    """The remits of a file, or of a folder and everything below it."""

    def __init__(
        self,
        path: Path,
        *,
        suspended_path: Path,
        vocabularies: Mapping[str, Vocabulary] | None = None,
        is_observed: bool = False,
        report: Callable[[str], None] = lambda _text: None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Loads everything. Raises DocumentError with every problem of every file, or RefusedError.

        `is_observed` decides every remit as if it said `mode: observe`. `report` is told, in one line for people, what happens to
        files later; `clock_ns` is only compared with file times.
        """
        self._path = path
        self._suspended_path = suspended_path
        self._vocabularies = dict(vocabularies or {})
        self._is_observed = is_observed
        self._report = report
        self._clock_ns = clock_ns
        self._lock = threading.RLock()
        self._suspended_signature: _Signature | None = None
        self.skipped: list[str] = []
        """Names of YAML files that are no remits."""
        if not path.exists():
            raise RefusedError(f"`{printable(str(path))}` does not exist")
        self._is_folder = path.is_dir()
        self._entries: dict[str, Entry] = {}
        self._files = {found: self._read(found, None) for found in self._found()}
        self._raise_problems()
        suspended = self._read_suspended()
        self.policy = self._build(suspended, "")

    def refresh(self) -> bool:
        """Looks whether anything changed on the disk and takes it over; true when something did."""
        with self._lock:
            found = list(self._found())
            changed = {name: self._reread(name) for name in found}
            files = {name: file for name, file in changed.items() if file is not None}
            is_changed = files.keys() != self._files.keys() or any(self._files[name] is not file for name, file in files.items())
            suspended, fault, is_suspension_changed = self._look_at_suspended()
            known, self._files = self._files, files if is_changed else self._files
            if is_changed or is_suspension_changed:
                self.policy = self._build(suspended, fault)
        if is_changed:
            # Only now, and without the lock: one who does not take the words holds up neither the change nor a quarantine.
            self._tell(known, files)
        return is_changed or is_suspension_changed

    def suspend(self, agent: str, because: str, since: str) -> bool:
        """Quarantines an agent: on the disk, then in force; false when it already was. Raises RefusedError when it cannot be kept."""
        with self._lock:
            held = {agent: Suspension(because=because, since=since)}
            try:
                suspended = dict(self._read_suspended())
            except RefusedError as error:
                # INVARIANT (stop first): the agent is stopped here even when the disk refuses, and so is everybody else.
                self.policy = self._build({**held, **self.policy.suspended}, str(error))
                raise
            self.policy = self._build({**held, **suspended}, "")
            if agent in suspended:
                return False
            self._write_suspended({**suspended, **held})
            return True

    def release(self, agent: str) -> bool:
        """Ends a quarantine: on the disk, then in force; false when there was none."""
        with self._lock:
            suspended = dict(self._read_suspended())
            if suspended.pop(agent, None) is None:
                return False
            self._write_suspended(suspended)
            self.policy = self._build(suspended, "")
            return True

    # --- files -----------------------------------------------------------------------------------------------------------------

    def _found(self) -> Iterator[Path]:
        if not self._is_folder:
            if self._path.exists():
                yield self._path
            return
        for folder, folders, names in os.walk(self._path):
            folders.sort()
            for name in sorted(names):
                if name.endswith(".yaml"):
                    yield Path(folder) / name

    def _reread(self, path: Path) -> _File | None:
        known = self._files.get(path)
        try:
            signature = _signature(path)
        except FileNotFoundError:
            return None
        except OSError:
            signature = None
        if known is not None and known.signature is not None and known.signature == signature:
            return known
        read = self._read(path, known)
        if known is not None and (read.remit, read.fault, read.is_skipped) == (known.remit, known.fault, known.is_skipped):
            # Same content: keep the record, so that nothing is rebuilt for a touched file.
            self._files[path] = msgspec.structs.replace(known, signature=read.signature)
            return self._files[path]
        return read

    def _read(self, path: Path, known: _File | None) -> _File:
        agent = known.agent if known is not None else ""
        name = str(path)
        signature: _Signature | None
        try:
            signature = found = _signature(path)
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            problem = Problem(path=name, line=0, what=f"cannot be read: {error.strerror or error}", code="unreadable")
            return _File(signature=None, agent=agent, fault=str(problem), problems=(problem,))
        if self._clock_ns() - max(found[0], found[1]) < _RACY_NS:
            signature = None
        if self._is_folder and not agent and not is_remit(content):
            return _File(signature=signature, is_skipped=True)
        try:
            remit = parse_or_raise(content, name)
        except DocumentError as error:
            return _File(signature=signature, agent=agent, fault=str(_first_error(error)), problems=error.problems)
        if self._is_observed:
            remit = msgspec.structs.replace(remit, mode=Mode.OBSERVE)
        return _File(signature=signature, agent=remit.agent, remit=remit)

    def _raise_problems(self) -> None:
        self.skipped = [str(path) for path, file in self._files.items() if file.is_skipped]
        problems = [problem for file in self._files.values() for problem in file.problems]
        owners: dict[str, Path] = {}
        for path, file in self._files.items():
            if file.remit is None:
                continue
            first = owners.setdefault(file.remit.agent, path)
            if first is not path:
                what = f"agent `{file.remit.agent}` already has a remit in `{first}`"
                problems.append(Problem(path=str(path), line=0, what=what, help="keep one of the two", code="two-remits"))
        if problems:
            raise DocumentError(tuple(problems))
        if not owners:
            found = f"; {len(self.skipped)} YAML files there have no key `remit`" if self.skipped else ""
            raise RefusedError(f"no remit under `{printable(str(self._path))}`: no `*.yaml` with `remit: 1`{found}")

    def _tell(self, known: Mapping[Path, _File], files: Mapping[Path, _File]) -> None:
        """Says of each file that changed what its agents are decided by from now on."""
        holders: dict[str, list[Path]] = {}
        for path, file in files.items():
            holders.setdefault(file.agent, []).append(path)
        for path in known.keys() - files.keys():
            if known[path].agent:
                self._report(f"{_shown(path)} is gone: {_standing(known[path].agent, path, holders)}")
        for path, file in files.items():
            before = known.get(path)
            if before is file:
                continue
            if file.remit is not None:
                agents = dict.fromkeys((file.agent, before.agent if before is not None and before.agent else file.agent))
                self._report(f"{_shown(path)} changed: {'; '.join(_standing(agent, path, holders) for agent in agents)}")
            elif file.fault:
                self._report(f"{file.fault}" + (f": agent `{file.agent}` is denied until it is mended" if file.agent else ""))

    # --- suspension --------------------------------------------------------------------------------------------------------------

    def _read_suspended(self) -> Mapping[str, Suspension]:
        signature = _signature_or_none(self._suspended_path)
        suspended = read_suspended(self._suspended_path)
        # Only now: after a failure the next look must read it again, and deny.
        self._suspended_signature = signature
        return suspended

    def _write_suspended(self, suspended: Mapping[str, Suspension]) -> None:
        write_suspended(self._suspended_path, suspended)
        self._suspended_signature = _signature_or_none(self._suspended_path)

    def _look_at_suspended(self) -> tuple[Mapping[str, Suspension], str, bool]:
        signature = _signature_or_none(self._suspended_path)
        if signature == self._suspended_signature and not self.policy.fault:
            return self.policy.suspended, "", False
        try:
            suspended = self._read_suspended()
        except RefusedError as error:
            fault = str(error)
            return self.policy.suspended, fault, fault != self.policy.fault
        return suspended, "", True

    # --- policy ------------------------------------------------------------------------------------------------------------------

    def _build(self, suspended: Mapping[str, Suspension], fault: str) -> Policy:
        remits: dict[str, Remit] = {}
        broken: dict[str, str] = {}
        for path, file in self._files.items():
            if file.remit is None:
                if file.agent:
                    broken[file.agent] = file.fault or f"`{path}` is not a remit any more"
            elif file.agent in remits:
                broken.setdefault(file.agent, f"it has two remits, {_shown(Path(remits[file.agent].path))} and {_shown(path)}")
            else:
                remits[file.agent] = file.remit
        for agent in broken:
            remits.pop(agent, None)
        entries = {agent: self._entry(agent, remit, agent in suspended) for agent, remit in remits.items()}
        entries |= {agent: Entry(agent, AgentState.ACTIVE, None, why) for agent, why in broken.items()}
        self._entries = entries
        return Policy(index=Index(entries, self._vocabularies), remits=remits, suspended=suspended, fault=fault)

    def _entry(self, agent: str, remit: Remit, is_suspended: bool) -> Entry:
        """The compiled remit, the one of before where the file did not change: a folder may hold thousands."""
        state = AgentState.SUSPENDED if is_suspended else AgentState.ACTIVE
        known = self._entries.get(agent)
        if known is None or known.remit is not remit:
            return Entry(agent, state, remit)
        return known if known.state is state else known.with_state(state)


def _shown(path: Path) -> str:
    return f"`{printable(str(path), 1000)}`"


def _standing(agent: str, changed: Path, holders: Mapping[str, list[Path]]) -> str:
    """What an agent is decided by after a file changed or went."""
    paths = holders.get(agent, [])
    if not paths:
        return f"agent `{agent}` is unknown now"
    if len(paths) > 1:
        return f"agent `{agent}` is denied, it has two remits: {_shown(paths[0])} and {_shown(paths[1])}; keep one of them"
    return f"agent `{agent}` is decided by {'it' if paths == [changed] else _shown(paths[0])} from now on"


def _first_error(error: DocumentError) -> Problem:
    return next((problem for problem in error.problems if problem.level == "error"), error.problems[0])


def _signature(path: Path) -> _Signature:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev


def _signature_or_none(path: Path) -> _Signature | None:
    try:
        return _signature(path)
    except OSError:
        return None
