"""Who is known to be a person, over all connections, and which identities are called like one of them.

A login says whose it is by its name where somebody of that name is known: an owner in CODEOWNERS or a README, a person's user in another
system, somebody whom `remit owner` named. Invariants:
- only a name that fits one known person, and no agent, counts;
- a name of two parts fits however it is joined (`dana.hill`, `dana_hill`, `dhill`), a first name alone where one person alone has it;
- what a system says of an identity itself goes first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from remit.model.access import Principal
from remit.model.identity import Because
from remit.model.place import Place

_MAIL = re.compile(r"([^\s@<>]{2,64})@[A-Za-z0-9.-]+\Z")
_PARTS = re.compile(r"[a-z]+")
_SHORTEST_FIRST_NAME = 4
_SHORTEST_JOINED = 5
_KINDS_THAT_LOG_IN = frozenset({"user", "login role"})


def known_people(names: Iterable[tuple[str, str]], principals: Iterable[Principal]) -> dict[str, str]:
    """Person -> the place that names them: mail addresses and `first.last` names, and persons' own identities in any system."""
    found: dict[str, str] = {}
    for name, place in names:
        mail = _MAIL.match(name)
        plain = mail[1] if mail is not None else name.removeprefix("@") if "/" not in name else ""
        if len(_PARTS.findall(plain.lower())) == 2:
            found.setdefault(plain.lower(), place)
    for principal in principals:
        if principal.person is not None:
            found.setdefault(_name(principal).lower().partition("@")[0], principal.place)
    return found


def with_people(principals: Iterable[Principal], people: Mapping[str, str], agents: Iterable[str] = ()) -> list[Principal]:
    """The principals, those that are called like one known person marked as that person's own; an agent's own name is nobody's."""
    called: dict[str, set[str]] = defaultdict(set)
    taken = {"".join(_PARTS.findall(name.lower())) for name in agents}
    for person in people:
        for form in _forms(person) - taken:
            called[form].add(person)
    return [_marked(principal, called, people) for principal in principals]


def _marked(principal: Principal, called: Mapping[str, set[str]], people: Mapping[str, str]) -> Principal:
    if principal.person is not None or principal.is_own or principal.is_protected or principal.kind not in _KINDS_THAT_LOG_IN:
        return principal
    fitting = called.get("".join(_PARTS.findall(_name(principal).lower())), set())
    if len(fitting) != 1:
        return principal
    person = next(iter(fitting))
    because = Because(place=Place(people[person]), text=f"it is called like `{person}`, a person who is named there")
    return msgspec.structs.replace(principal, person=because)


def _name(principal: Principal) -> str:
    return principal.short.rpartition("/")[2]


def _forms(person: str) -> set[str]:
    """How a login of this person may be called, letters alone."""
    parts = _PARTS.findall(person)
    forms = {"".join(parts)}
    if len(parts) == 2:
        first, last = parts
        forms |= {
            form
            for form in (f"{first[0]}{last}", f"{last}{first[0]}", f"{first}{last[0]}", f"{last}{first}")
            if len(form) >= _SHORTEST_JOINED
        }
        forms |= {first} if len(first) >= _SHORTEST_FIRST_NAME else set()
    return forms
