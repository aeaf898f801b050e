"""Command lines and URLs without the secrets in them, and what a connection string says without its password.

That a secret stands in a file is found elsewhere, over every file; here nothing secret may get into what is reported. A word is masked when
in doubt: after an option that takes a secret, in an assignment to a credential, or when it looks like a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from remit.discover.sources.code.credentials import credential_kind
from remit.model.evidence import IdentitySeen
from remit.model.masking import KNOWN_FORMS, MASK
from remit.model.place import Place

_REFERENCE = re.compile(
    r"\$\{?\w|\$\(|\{\{|\ue000|%\w+%|^env:|^<[^>]*>$|^\[[^\]]*\]$|\$env:|!secret|^op://|^vault:|^keychain:", re.IGNORECASE
)
_OPTION = re.compile(
    r"^--?[\w.-]*(?:api[-_]?key|apikey|token|secret|passw(?:or)?d|auth|credential|access[-_]?key|private[-_]?key|bearer"
    r"|(?:^--?|[-_])key|(?:^--?|[-_])pat)s?$",
    re.IGNORECASE,
)
_HEADER_OPTIONS = frozenset({"--header", "-H", "--headers", "--http-header"})
_SECRET_HEADER = re.compile(r"auth|token|key|secret|cookie|password", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"^(--?[\w.-]+|[A-Za-z_][\w.-]*)=(.*)$", re.DOTALL)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
_RANDOM = re.compile(r"^[A-Za-z0-9+/_=-]{32,}$")
_DATABASES = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mongodb": "mongodb",
    "redis": "redis",
    "rediss": "redis",
    "mssql": "mssql",
    "neo4j": "neo4j",
    "bolt": "neo4j",
    "cockroachdb": "postgres",
    "redshift": "redshift",
    "clickhouse": "clickhouse",
}


def clean_url(url: str) -> str:
    """A URL without user, password, query and fragment."""
    head = url.split("?", 1)[0].split("#", 1)[0]
    scheme, separator, rest = head.partition("://")
    if not separator:
        return _without_forms(head)
    host, slash, path = rest.partition("/")
    return _without_forms(f"{scheme}://{host.rsplit('@', 1)[-1]}{slash}{path}")


def _without_forms(text: str) -> str:
    text = KNOWN_FORMS.sub(MASK, text)
    return "/".join(MASK if _looks_random(part) else part for part in text.split("/"))


def _looks_random(word: str) -> bool:
    """Long, of many different characters, letters and digits mixed: a key, not a word."""
    if _RANDOM.match(word) is None or word.count("-") > 6:
        return False
    digits = sum(char.isdigit() for char in word)
    return 3 <= digits <= len(word) - 3 and len(set(word)) >= 12


def clean_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a command with every secret replaced by `***`."""
    kept: list[str] = []
    before = ""
    for word in words:
        kept.append(_clean_word(word, before))
        before = word
    return tuple(kept)


def _clean_word(word: str, before: str) -> str:
    if _OPTION.match(before) and not word.startswith("-") and not _REFERENCE.search(word):
        return MASK
    if before in _HEADER_OPTIONS:
        return _clean_header(word)
    assigned = _ASSIGNMENT.match(word)
    if assigned is not None and "://" not in assigned[1]:
        name, value = assigned[1], assigned[2]
        is_secret = _OPTION.match(name) is not None or credential_kind(name.lstrip("-")) is not None
        if name in _HEADER_OPTIONS:
            return f"{name}={_clean_header(value)}"
        if is_secret and value and not _REFERENCE.search(value):
            return f"{name}={MASK}"
        return f"{name}={_clean_text(value)}"
    if ":" in word and _SECRET_HEADER.match(word.split(":", 1)[0]) and "://" not in word and " " in word:
        return _clean_header(word)
    return _clean_text(word)


def _clean_header(header: str) -> str:
    name, colon, value = header.partition(":")
    if not colon or _REFERENCE.search(value) or not _SECRET_HEADER.search(name):
        return _clean_text(header)
    return f"{name}: {MASK}"


def _clean_text(text: str) -> str:
    if "://" in text:
        return _URL.sub(lambda match: clean_url(match[0]), text)
    return _without_forms(text)


def database_identities(place: Place, value: str, because: str, subject: Place | None) -> Iterator[IdentitySeen]:
    """The role and database that a connection string names: `postgres:DB/ROLE`."""
    for match in _URL.finditer(value):
        ref = database_ref(match[0])
        if ref is not None:
            yield IdentitySeen(place=place, ref=ref, because=because, subject=subject)


def database_ref(url: str) -> str | None:
    """`postgres:DB/ROLE` of a connection string; None when it names no user that is known."""
    try:
        parts = urlsplit(url)
        user, host = parts.username, parts.hostname
    except ValueError:
        return None
    kind = _DATABASES.get(parts.scheme.split("+", 1)[0].lower())
    if kind is None or not user or host is None:
        return None
    role = unquote(user)
    database = unquote(parts.path.strip("/").split("/", 1)[0]) or role
    if not is_known_name(role) or not is_known_name(database):
        return None
    return f"{kind}:{database}/{role}"


def is_known_name(text: str) -> bool:
    """Whether a name is written out, rather than made by a reference."""
    return bool(text) and _REFERENCE.search(text) is None and not text.startswith(("<", "[", "{"))
