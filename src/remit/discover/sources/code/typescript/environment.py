"""Names of credentials that code reads from its environment."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from remit.discover.sources.code.credentials import kind_beside
from remit.discover.sources.code.typescript.module import Module
from remit.model.evidence import CredentialSeen
from remit.model.place import Place

_NAME = r"([A-Za-z_][A-Za-z0-9_]{1,120})"
_READ = re.compile(
    r"env\s*\.\s*get\(\s*['\"`]" + _NAME + r"['\"`]"
    r"|env\s*(?:!|as\s+\w+\))?\s*(?:\??\.\s*" + _NAME + r"|(?:\?\.)?\[\s*['\"`]" + _NAME + r"['\"`]\s*\])"
)
_RUNTIME = re.compile(r"(?:process|Bun|import\.meta|Deno)\s*\??\.\s*\Z")
_HANDLER = re.compile(r"(?:\A|[^\w.$]|\b(?:this|c|ctx|context)\.)\Z")
_DESTRUCTURED = re.compile(r"\{([^{}]{1,2000})\}\s*=\s*(?:process|Bun|import\.meta)\.env\b")
_SECRET = re.compile(r"\b[A-Za-z]\w{0,120}(?:CLIENT_SECRET|client_secret)\b")
_KEY = re.compile(r"^\s*" + _NAME)
_WORKERS = re.compile(
    r"cloudflare:workers|\bExportedHandler\b|\bWorkerEntrypoint\b|\bwrangler\b|env\s*:\s*(?:Env|CloudflareBindings|Bindings)\b|Bindings\s*:|<Env\b|\bc\.env\b"
)
_SKIPPED = frozenset({"comment", "string_fragment", "template_string", "string", "regex_pattern", "jsx_text"})


def has_credentials(text: str) -> bool:
    """Whether a text reads an environment variable whose name is that of a credential."""
    return any(True for _ in _found(text))


def _found(text: str) -> Iterator[tuple[int, str, str]]:
    if "env" not in text:
        return
    is_worker: bool | None = None
    secrets = frozenset(_SECRET.findall(text))
    for match in _reads(text):
        name = match[1] or match[2] or match[3]
        kind = kind_beside(name, secrets)
        if kind is None:
            continue
        before = text[max(0, match.start() - 24) : match.start()]
        if not _RUNTIME.search(before):
            if is_worker is None:
                is_worker = _WORKERS.search(text) is not None
            if not is_worker or not _HANDLER.search(before):
                continue
        yield match.start(), name, kind
    for match in _DESTRUCTURED.finditer(text):
        offset = match.start(1)
        for part in match[1].split(","):
            key = _KEY.match(part)
            kind = kind_beside(key[1], secrets) if key else None
            if key and kind:
                yield offset + key.start(1), key[1], kind
            offset += len(part) + 1


def _reads(text: str) -> Iterator[re.Match[str]]:
    """Matches where the word `env` stands; a search for the word is many times faster than one for the pattern."""
    at = text.find("env")
    while at >= 0:
        match = _READ.match(text, at)
        if match is not None and (at == 0 or not (text[at - 1].isalnum() or text[at - 1] in "_$")):
            yield match
        at = text.find("env", at + 3)


def credentials(module: Module, text: str) -> Iterator[CredentialSeen]:
    """The credentials that a file reads; mentions in comments and strings are not reads."""
    seen: set[str] = set()
    lines: list[int] | None = None
    for offset, name, kind in _found(text):
        if name in seen:
            continue
        at = len(text[:offset].encode("utf-8", "replace"))
        node = module.root.descendant_for_byte_range(at, at + 1)
        if node is not None and node.type in _SKIPPED:
            continue
        seen.add(name)
        if lines is None:
            lines = [match.start() for match in re.finditer("\n", text)]
        line = bisect_right(lines, offset - 1) + 1
        yield CredentialSeen(place=Place(module.path, line), name=name, kind=kind)
