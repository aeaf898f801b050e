"""Whom a process acts as, by the settings that it is given: connection strings, roles to be assumed, users beside databases.

Only names are kept, never a password. A variable whose name says that it is for something else than the work itself (migrations, tests,
administration) names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from remit.discover.sources.code.declarations.masking import database_identities, is_known_name
from remit.model.evidence import IdentitySeen
from remit.model.place import Confidence, Place

_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
_USER_IN_TEXT = re.compile(r"(?:\A|[\s;])user(?:name| id)?\s*=\s*'?([\w.$-]+)", re.IGNORECASE)
_DATABASE_IN_TEXT = re.compile(r"(?:\A|[\s;])(?:dbname|database)\s*=\s*'?([\w.$-]+)", re.IGNORECASE)
_USER = re.compile(r"(?P<stem>(?:\w+_)?(?:PG|DB|DATABASE|POSTGRES|POSTGRESQL)_?)(?:USER|USERNAME|ROLE)", re.IGNORECASE)
_DATABASES = ("DATABASE", "NAME", "DB", "DBNAME", "")
_FOR_ELSE = re.compile(r"admin|migrat|shadow|(?:\A|_)test|super|root|alembic|flyway|liquibase", re.IGNORECASE)
Setting = tuple[str, str, Place]
"""Name, value, place."""


def identities_of(
    settings: Iterable[Setting],
    holder: str,
    subject: Place | None,
    about: tuple[str, ...] = (),
    confidence: Confidence = Confidence.CERTAIN,
) -> Iterator[IdentitySeen]:
    """The identities that settings name; `holder` says whose they are: `of the service`."""
    known = [(name, value, place) for name, value, place in settings if value and _FOR_ELSE.search(name) is None]
    for name, value, place in known:
        tags = (*about, f"env:{name}")
        because = f"`{name[:80]}` {holder}"
        for ref in _refs(value.strip().strip("\"'"), place):
            yield IdentitySeen(place=place, ref=ref, because=because, subject=subject, confidence=confidence, about=tags)
    named = {name.upper(): value.strip().strip("\"'") for name, value, _ in known}
    for name, _, place in known:
        match = _USER.fullmatch(name)
        if match is None:
            continue
        user = named[name.upper()]
        database = next((text for end in _DATABASES if (text := named.get(match["stem"].upper() + end))), None)
        if database and is_known_name(user) and is_known_name(database) and "/" not in database:
            because = f"`{name[:80]}` and the database beside it {holder}"
            tags = (*about, f"env:{name}")
            yield IdentitySeen(
                place=place, ref=f"postgres:{database}/{user}", because=because, subject=subject, confidence=confidence, about=tags
            )


def _refs(value: str, place: Place) -> Iterator[str]:
    if _ROLE.fullmatch(value):
        yield value
    elif "://" in value:
        yield from (seen.ref for seen in database_identities(place, value, "", None))
    elif "=" in value:
        ref = ref_of_text(value)
        if ref is not None:
            yield ref


def ref_of_text(text: str) -> str | None:
    """`postgres:DB/ROLE` of a connection text of words: `host=db dbname=finops user=triage`."""
    user, database = _USER_IN_TEXT.search(text), _DATABASE_IN_TEXT.search(text)
    if user is None or database is None or not is_known_name(user[1]) or not is_known_name(database[1]):
        return None
    return f"postgres:{database[1]}/{user[1]}"


def names_of_image(image: str | None) -> tuple[str, ...]:
    """What an image calls itself: `registry/team/cost-triage:1.4` is `name:cost-triage`."""
    if not image or not is_known_name(image.rpartition("/")[2]):
        return ()
    return (f"name:{image.rpartition('/')[2].partition('@')[0].partition(':')[0]}",)
