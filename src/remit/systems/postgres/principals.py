"""The roles of a connection as principals: who is a person, who answers, what ends when, what Remit never changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from remit.model.access import LoginState, NativeObject, Principal
from remit.model.identity import Because
from remit.model.labels import is_written_as_person
from remit.model.place import Place
from remit.systems.postgres.names import canonical, quoted
from remit.systems.postgres.world import World

_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PERSON = re.compile(
    r"\b(?:(?:type|kind|category)\s*[:=]\s*(?:person|human|user|employee)|person\s*[:=]|personal (?:login|account|role|user)"
    r"|human(?: user| login)?\b|employee|(?:login|account|role) of an? (?:person|human)|(?:is|for) an? (?:person|human))",
    re.IGNORECASE,
)
_NO_PERSON = re.compile(
    r"\b(?:not?|non)[ -](?:an? )?(?:person|human|personal)"
    r"|\b(?:service|machine|technical|robot|agent|application) (?:account|role|login|user)",
    re.IGNORECASE,
)
_OWNER = re.compile(r"\b(?:owner|owned by|contact|responsible)\s*(?:[:=]|\bis\b|(?<=by))\s*([^\s,;()<>]+)", re.IGNORECASE)


def principals(objects: Iterable[NativeObject]) -> Iterator[Principal]:
    """Every role, predefined ones too, by name."""
    world = World(objects)
    own = {role for role in world.selves.values() if role}
    for name, body in sorted(world.roles.items()):
        yield _principal(world, name, body, own)


def _principal(world: World, name: str, body: Mapping[str, Any], own: set[str]) -> Principal:
    ref = canonical(world.connection, name)
    place = f"{world.connection} row pg_roles {quoted(name)}"
    comment = body.get("comment") or ""
    expires = body.get("valid_until")
    login = LoginState(name="login", kind="password", is_active=True, expires=expires)
    return Principal(
        ref=ref,
        short=ref,
        connection=world.connection,
        kind="login role" if body.get("login") else "role",
        place=place,
        is_own=name in own,
        is_protected=is_protected(world, name),
        person=_person(name, comment, place),
        owner=_owner(comment, place),
        expires=Because(place=Place(f"{place} rolvaliduntil"), text=expires) if expires else None,
        logins=(login,) if body.get("login") else (),
        assumed_by=tuple(
            sorted(
                {
                    canonical(world.connection, step.member)
                    for step in world.members.get(name, ())
                    if step.may_set and step.member not in own
                }
            )
        ),
        description=comment,
    )


def is_protected(world: World, role: str) -> bool:
    """Whether Remit never changes a role: superusers, and those that come with the server."""
    return world.is_superuser(role) or role.startswith("pg_")


def is_person(name: str, comment: str) -> bool:
    """Whether a role is taken for a person's own login."""
    return _person(name, comment, "") is not None


def _person(name: str, comment: str, place: str) -> Because | None:
    if _MAIL.fullmatch(name):
        return Because(place=Place(place), text="its name is a mail address")
    if is_written_as_person(name) and not _NO_PERSON.search(comment):
        return Because(place=Place(place), text="it is called by a first and a last name")
    said = _PERSON.search(comment) or _is_named_after_mail(name, comment)
    if said and not _NO_PERSON.search(comment):
        return Because(place=Place(f"{place} comment"), text=f"its comment says so: {comment[:200]}")
    return None


def _is_named_after_mail(name: str, comment: str) -> bool:
    """Whether the role is called like the person whose address the comment gives: `dana_hill` and `<dana.hill@example.com>`."""
    words = [word for word in re.split(r"[._+-]+", name.lower()) if word]
    for mail in _MAIL.findall(comment[:2000]):
        local = [word for word in re.split(r"[._+-]+", mail.partition("@")[0].lower()) if word]
        if local == words and (len(words) > 1 or f"<{mail}>" in comment):
            return True
    return False


def _owner(comment: str, place: str) -> Because | None:
    found = _OWNER.search(comment)
    if found is None:
        return None
    owner = found[1].rstrip(".'\"`")
    return Because(place=Place(f"{place} comment"), text=owner) if owner else None
