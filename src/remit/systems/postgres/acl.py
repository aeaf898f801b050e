"""Access control lists as the catalogue writes them (`aclitem`), and what NULL stands for (`acldefault`).

Source: PostgreSQL 18 manual, section 5.8, and `src/backend/utils/adt/acl.c`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

PUBLIC = ""
"""The grantee that stands for every role; no role has this name."""
LETTERS = {
    "a": "insert",
    "r": "select",
    "w": "update",
    "d": "delete",
    "D": "truncate",
    "x": "references",
    "t": "trigger",
    "X": "execute",
    "U": "usage",
    "C": "create",
    "T": "temporary",
    "c": "connect",
    "s": "set",
    "A": "alter system",
    "m": "maintain",
}
"""Privilege letters in the order of the server, and the words of GRANT for them, in lower case: our native actions."""
COLUMN_PRIVILEGES = ("select", "insert", "update", "references")
_MAINTAIN_SINCE = 170000
_TABLE = ("insert", "select", "update", "delete", "truncate", "references", "trigger", "maintain")
_OWNERS: dict[str, tuple[str, ...]] = {
    "table": _TABLE,
    "sequence": ("select", "update", "usage"),
    "schema": ("usage", "create"),
    "database": ("create", "temporary", "connect"),
    "function": ("execute",),
    "type": ("usage",),
    "language": ("usage",),
    "server": ("usage",),
    "wrapper": ("usage",),
    "tablespace": ("create",),
    "large-object": ("select", "update"),
    "parameter": ("set", "alter system"),
}
_PUBLIC: dict[str, tuple[str, ...]] = {
    "database": ("temporary", "connect"),
    "function": ("execute",),
    "type": ("usage",),
    "language": ("usage",),
}


class Row(msgspec.Struct, frozen=True, order=True):
    """One privilege, as `aclexplode` gives it."""

    grantee: str
    """A role, or `PUBLIC`."""
    privilege: str
    """A word of `LETTERS`."""
    grantor: str
    is_grantable: bool


@lru_cache(maxsize=65536)
def rows_of_item(item: str) -> tuple[Row, ...]:
    """The privileges in one `aclitem`; ValueError where it is none."""
    grantee, at = _role(item, 0)
    if item[at : at + 1] != "=":
        raise ValueError(f"`{item[:100]}` is no access control item")
    end = item.find("/", at)
    letters = item[at + 1 : end if end >= 0 else len(item)]
    grantor, last = _role(item, end + 1) if end >= 0 else ("", len(item))
    if last != len(item):
        raise ValueError(f"`{item[:100]}` is no access control item")
    found = re.findall(r"([A-Za-z])(\*?)", letters)
    if "".join(letter + star for letter, star in found) != letters or any(letter not in LETTERS for letter, _ in found):
        raise ValueError(f"`{item[:100]}` has a privilege that is not known")
    return tuple(Row(grantee, LETTERS[letter], grantor, star == "*") for letter, star in found)


def _role(item: str, at: int) -> tuple[str, int]:
    """The role's name that begins here, and where it ends; quotes are doubled inside quotes."""
    if item[at : at + 1] != '"':
        end = at
        while end < len(item) and item[end] not in '="/':
            end += 1
        return item[at:end], end
    name = []
    at += 1
    while at < len(item):
        if item[at] != '"':
            name.append(item[at])
            at += 1
        elif item[at + 1 : at + 2] == '"':
            name.append('"')
            at += 2
        else:
            return "".join(name), at + 1
    raise ValueError(f"`{item[:100]}` has a quote that does not end")


def default_rows(class_: str, owner: str, version: int) -> tuple[Row, ...]:
    """What NULL stands for (`acldefault`): the owner's privileges and, of some classes, those of PUBLIC."""
    own = [word for word in _OWNERS[class_] if word != "maintain" or version >= _MAINTAIN_SINCE]
    everybody = _PUBLIC.get(class_, ())
    return (*(Row(PUBLIC, word, owner, False) for word in everybody), *(Row(owner, word, owner, False) for word in own))


def rows_of(acl: Sequence[str] | None, class_: str, owner: str, version: int) -> tuple[Row, ...]:
    """Every privilege on a thing: `aclexplode(coalesce(acl, acldefault(class, owner)))`."""
    if acl is None:
        return default_rows(class_, owner, version)
    return tuple(row for item in acl for row in rows_of_item(item))


def column_rows(acl: Sequence[str] | None) -> tuple[Row, ...]:
    """The privileges on one column; NULL stands for none."""
    return tuple(row for item in acl or () for row in rows_of_item(item))


def privileges(rows: Iterable[Row]) -> frozenset[str]:
    """The words alone."""
    return frozenset(row.privilege for row in rows)


_LETTER_OF = {word: letter for letter, word in LETTERS.items()}
_ORDER = {word: number for number, word in enumerate(LETTERS.values())}


def items_of(rows: Iterable[Row]) -> list[str]:
    """The same privileges as `aclitem` texts, sorted: one item for each grantee and grantor."""
    found: dict[tuple[str, str], dict[str, bool]] = {}
    for row in rows:
        words = found.setdefault((row.grantee, row.grantor), {})
        words[row.privilege] = words.get(row.privilege, False) or row.is_grantable
    items = []
    for (grantee, grantor), words in sorted(found.items()):
        letters = "".join(_LETTER_OF[word] + "*" * words[word] for word in sorted(words, key=_ORDER.__getitem__))
        items.append(f"{_named(grantee)}={letters}/{_named(grantor)}")
    return items


def _named(role: str) -> str:
    return role if re.fullmatch(r"[A-Za-z0-9_]*", role) else '"' + role.replace('"', '""') + '"'


def canonical_acl(rows: Iterable[Row], class_: str | None, owner: str, version: int) -> list[str] | None:
    """The list in one form for equal privileges, so that states compare: None where it is the default. `class_` None: a column."""
    kept = set(rows)
    if kept == set(default_rows(class_, owner, version) if class_ is not None else ()):
        return None
    return items_of(kept)
