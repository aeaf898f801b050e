"""Secret values standing in a text, by their published formats and by what they are given to; reduced to a fingerprint at once.

Invariants:
- a value never leaves this module: what is yielded holds its kind, its place and 64 bits of a hash;
- a value that stands for a secret (`your-key-here`, `${KEY}`, `AKIA...EXAMPLE`) is none.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

import msgspec

from remit.discover.sources.code.credentials import credential_kind
from remit.discover.sources.code.reader import SourceFile
from remit.model.evidence import SecretSeen
from remit.model.place import Place

_MAX_PER_FILE = 200
"""A file of thousands of keys is named often enough by its first ones."""
_LOCAL = re.compile(
    rb"@(?:localhost|127\.0\.0\.1|\[::1\]|host\.docker\.internal|db|postgres|mysql|mongo|mongodb|redis|database|host|hostname|server)(?=[:/?]|\Z)",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Z]{2,}(?:_(?:[A-Z]+|[0-9]{1,4}))+")
"""A name in capitals stands for a value: `EXA_API_KEY=EXA_API_KEY`."""
_WEAK = frozenset({"password", "postgres", "postgresql", "changeme", "secret", "passw0rd", "mysecretpassword", "root", "admin", "guest"})


class _Format(msgspec.Struct, frozen=True):
    kind: str
    find: re.Pattern[bytes]
    """Begins with a literal, so that a file without it is passed over at the speed of memory."""
    lead: int
    """How many bytes before `find` a match may begin."""
    pattern: re.Pattern[bytes]
    entropy: float
    is_url: bool


class _NameRule(msgspec.Struct, frozen=True):
    names: frozenset[str]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]

    def fits(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return name in self.names or name.startswith(self.prefixes) or name.endswith(self.suffixes)


class _Table(msgspec.Struct, frozen=True):
    formats: tuple[_Format, ...]
    placeholder_words: tuple[str, ...]
    placeholder_values: tuple[str, ...]
    context_words: tuple[bytes, ...]
    context: re.Pattern[bytes]
    context_entropy: float
    settings_files: _NameRule
    settings: re.Pattern[bytes]
    settings_kinds: frozenset[str]
    settings_entropy: float
    environment_files: _NameRule
    environment: re.Pattern[bytes]
    environment_entropy: float
    files: _NameRule


@lru_cache(maxsize=1)
def _table() -> _Table:
    data = tomllib.loads(resources.files(f"{__package__}.tables").joinpath("secrets.toml").read_text("utf-8"))
    formats = tuple(
        _Format(
            kind=row["kind"],
            find=re.compile(row["find"].encode()),
            lead=row.get("lead", 0),
            pattern=re.compile(row["pattern"].encode()),
            entropy=row["entropy"],
            is_url=row.get("local_hosts", False),
        )
        for row in data["secret"]
    )
    return _Table(
        formats=formats,
        placeholder_words=tuple(data["placeholders"]["words"]),
        placeholder_values=tuple(data["placeholders"]["values"]),
        context_words=tuple(word.encode() for word in data["context"]["words"]),
        context=re.compile(data["context"]["pattern"].encode()),
        context_entropy=data["context"]["entropy"],
        settings_files=_name_rule(data["settings"]),
        settings=re.compile(data["settings"]["pattern"].encode(), re.MULTILINE),
        settings_kinds=frozenset(data["settings"]["kinds"]),
        settings_entropy=data["settings"]["entropy"],
        environment_files=_name_rule(data["environment"]),
        environment=re.compile(data["environment"]["pattern"].encode(), re.MULTILINE),
        environment_entropy=data["environment"]["entropy"],
        files=_name_rule(data["files"]),
    )


def _name_rule(row: dict[str, list[str]]) -> _NameRule:
    return _NameRule(names=frozenset(row["names"]), prefixes=tuple(row["prefixes"]), suffixes=tuple(row["suffixes"]))


def wants(path: str) -> bool:
    """Whether a file is read for its secrets even when no reader wants it."""
    return _table().files.fits(path)


def fingerprint(value: bytes) -> str:
    """What is kept of a secret: 16 hexadecimal digits of a SHA-256 that is good for nothing else."""
    return hashlib.sha256(b"remit-secret:" + value).hexdigest()[:16]


def secrets_in(file: SourceFile) -> Iterator[SecretSeen]:
    """The secrets of one text, each place once, in the order of the text."""
    found: dict[int, tuple[str, bytes]] = {}
    for start, kind, value in _candidates(file):
        covered = any(start >= at and start < at + len(other) for at, (_, other) in found.items())
        if not covered:
            found[start] = (kind, value)
        if len(found) >= _MAX_PER_FILE:
            break
    line, last = 1, 0
    seen: set[tuple[int, bytes]] = set()
    for start in sorted(found):
        kind, value = found[start]
        line += file.data.count(b"\n", last, start)
        last = start
        if (line, value) not in seen:
            seen.add((line, value))
            yield SecretSeen(place=Place(file.path, line), kind=kind, fingerprint=fingerprint(value))


def _candidates(file: SourceFile) -> Iterator[tuple[int, str, bytes]]:
    table, data = _table(), file.data
    for form in table.formats:
        for match in _matches(form, data):
            value = match[1]
            if form.is_url and _is_for_development(match[0], value):
                continue
            if _is_secret(value, form.entropy):
                yield match.start(1), form.kind, value
    if table.settings_files.fits(file.path):
        for match in table.settings.finditer(data):
            kind = credential_kind(match[1].decode())
            if kind in table.settings_kinds and _is_secret(match[2], table.settings_entropy):
                yield match.start(2), kind or "", match[2]
    if table.environment_files.fits(file.path):
        for match in table.environment.finditer(data):
            kind = credential_kind(match[1].decode())
            if kind in table.settings_kinds and _is_mixed(match[2]) and _is_secret(match[2], table.environment_entropy):
                yield match.start(2), kind or "", match[2]
    yield from _by_context(data, table)


def _is_for_development(url: bytes, password: bytes) -> bool:
    """A password that everybody knows, or a plain one for a server on the same machine or in the same compose file."""
    return password.decode("ascii", "replace").lower() in _WEAK or (_LOCAL.search(url) is not None and not _is_mixed(password))


def _matches(form: _Format, data: bytes) -> Iterator[re.Match[bytes]]:
    for hit in form.find.finditer(data):
        for start in range(max(0, hit.start() - form.lead), hit.start() + 1):
            match = form.pattern.match(data, start)
            if match is not None:
                yield match
                break


def _by_context(data: bytes, table: _Table) -> Iterator[tuple[int, str, bytes]]:
    folded = data.lower()
    for word in table.context_words:
        at = folded.find(word)
        while at >= 0:
            match = table.context.match(data, at + len(word))
            at = folded.find(word, at + len(word))
            if match is not None and _is_mixed(match[1]) and _is_secret(match[1], table.context_entropy):
                yield match.start(1), word.decode().replace("passw", "password").replace("-", "_"), match[1]


def _is_mixed(value: bytes) -> bool:
    """Letters and at least three digits: words, paths and names of classes have none."""
    digits = sum(char in b"0123456789" for char in value)
    return digits >= 3 and digits < len(value) and not value.startswith((b"http", b"/", b"./", b"arn:", b"sha256", b"sha512"))


def _is_secret(value: bytes, least_entropy: float) -> bool:
    table = _table()
    text = value.decode("ascii", "replace")
    folded = text.lower()
    if _NAME.fullmatch(text) is not None:
        return False
    if any(word in folded for word in table.placeholder_words) or any(known in folded for known in table.placeholder_values):
        return False
    return _entropy(text) >= least_entropy


def _entropy(text: str) -> float:
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())
