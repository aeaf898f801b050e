"""Users and roles as principals: whose they are, until when, by what they prove themselves, and who may become them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from remit.model.access import LoginState, NativeObject, Principal
from remit.model.identity import Because
from remit.model.labels import is_named_after_mail, is_written_as_person
from remit.model.place import Place
from remit.model.shown import printable
from remit.systems.aws.objects import ROLE, SELF, USER, of_kind
from remit.systems.aws.policy import policy_of

_MAIL = re.compile(r"[^@\s/]+@[^@\s/]+\.[A-Za-z]{2,}\Z")
_PERSON_FOLDERS = frozenset(
    {"people", "person", "persons", "humans", "human", "employees", "staff", "developers", "engineers", "users", "interactive"}
)
_PERSON_TAGS = frozenset({"person", "human", "employee", "is-person", "is-human"})
_KIND_TAGS = frozenset({"type", "kind", "user-type", "identity-type", "principal-type", "account-type", "usage"})
_PERSON_WORDS = frozenset({"person", "human", "employee", "people", "interactive", "personal"})
_OWNER_TAGS = (
    *("owner", "owner-email", "owned-by", "contact", "responsible", "maintainer", "team-contact"),
    *("team", "owner-team", "owning-team", "squad"),
)
_AGENT_TAGS = ("remit-agent", "agent", "ai-agent", "agent-id", "agent-name")
_EXPIRY_TAGS = (
    *("expires", "expiry", "expires-at", "expires-on", "expire", "expiration", "expiration-date", "expiry-date"),
    *("valid-until", "until", "end-date", "temporary-until", "delete-after", "remove-after"),
)
_PROTECTED_PATHS = ("/aws-service-role/", "/aws-reserved/")


def principals(objects: Iterable[NativeObject]) -> Iterator[Principal]:
    """The users and roles of a connection, by ARN."""
    listed = list(objects)
    own = {own_name(str(body.get("Arn", ""))) for body in of_kind(listed, SELF).values()}
    for item in sorted((item for item in listed if item.kind in (ROLE, USER)), key=lambda item: item.id):
        yield _principal(item.id, item.body, item.kind, item.connection, own)


def own_name(arn: str) -> tuple[str, str]:
    """Account and name (`role/NAME`, `user/NAME`, without its path) of whom Remit acts as."""
    parts = arn.split(":", 5)
    if len(parts) != 6:
        return ("", "")
    kind, *names = parts[5].split("/")
    if kind == "assumed-role" and names:
        return (parts[4], f"role/{names[0]}")
    return (parts[4], f"{kind}/{names[-1]}" if names else kind)


def _principal(arn: str, body: Mapping[str, Any], kind: str, connection: str, own: set[tuple[str, str]]) -> Principal:
    word = kind.removeprefix("iam:")
    name = arn.rsplit("/", 1)[-1]
    tags = _tags(body)
    logins = tuple(_logins(body))
    path = "/" + arn.split(":", 5)[5].partition("/")[2].rpartition("/")[0]
    return Principal(
        ref=arn,
        short=f"aws:{word}/{name}",
        connection=connection,
        kind=word,
        place=arn,
        is_own=own_name(arn) in own,
        is_protected=f"{path}/".startswith(_PROTECTED_PATHS),
        person=_person(arn, name, path, word, tags, body),
        owner=_owner(arn, tags),
        agent=_agent(arn, tags),
        expires=_expires(arn, tags),
        created=_time(body.get("CreateDate")),
        last_used=_latest([_time(body.get("RoleLastUsed")), _time(body.get("PasswordLastUsed")), *(login.last_used for login in logins)]),
        logins=logins,
        assumed_by=_assumed_by(arn, body) if kind == ROLE else (),
        description=str(body.get("Description") or ""),
    )


def _tags(body: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Folded key (`_` and spaces as `-`) -> key as written, and value."""
    tags = body.get("Tags")
    if not isinstance(tags, Mapping):
        return {}
    return {re.sub(r"[\s_:]+", "-", str(key).strip().lower()): (str(key), str(value)) for key, value in tags.items()}


def _person(arn: str, name: str, path: str, word: str, tags: Mapping[str, tuple[str, str]], body: Mapping[str, Any]) -> Because | None:
    for key in sorted(_PERSON_TAGS & tags.keys()):
        written, value = tags[key]
        if value.strip().lower() not in ("", "false", "no", "0", "none"):
            return Because(place=Place(f"{arn}#tag/{written}"), text=f"its tag {printable(written, 60)} names a person")
    for key in sorted(_KIND_TAGS & tags.keys()):
        written, value = tags[key]
        if value.strip().lower() in _PERSON_WORDS:
            return Because(place=Place(f"{arn}#tag/{written}"), text=f"its tag {printable(written, 60)} says {printable(value, 60)}")
    if path.startswith("/aws-reserved/sso.amazonaws.com"):
        return Because(place=Place(arn), text="it is a role by which people sign in through IAM Identity Center")
    folder = next((part for part in path.lower().split("/") if part in _PERSON_FOLDERS), None)
    if folder is not None and word == "user":
        return Because(place=Place(arn), text=f"its path has the folder {printable(folder, 60)}")
    if word == "user" and _MAIL.match(name):
        return Because(place=Place(arn), text="its name is a mail address")
    if body.get("LoginProfile") is True:
        return Because(place=Place(arn), text="it has a password for the console")
    is_said = bool(_KIND_TAGS & tags.keys())
    return _named_as_person(arn, name, tags) if word == "user" and not is_said else None


def _named_as_person(arn: str, name: str, tags: Mapping[str, tuple[str, str]]) -> Because | None:
    if is_written_as_person(name):
        return Because(place=Place(arn), text="it is called by a first and a last name")
    for written, value in tags.values():
        if is_named_after_mail(name, value):
            return Because(place=Place(f"{arn}#tag/{written}"), text=f"it is called like the address in its tag {printable(written, 60)}")
    return None


def _owner(arn: str, tags: Mapping[str, tuple[str, str]]) -> Because | None:
    for key in _OWNER_TAGS:
        written, value = tags.get(key, ("", ""))
        if value.strip():
            return Because(place=Place(f"{arn}#tag/{written}"), text=value.strip())
    return None


def _agent(arn: str, tags: Mapping[str, tuple[str, str]]) -> Because | None:
    for key in _AGENT_TAGS:
        written, value = tags.get(key, ("", ""))
        if value.strip():
            return Because(place=Place(f"{arn}#tag/{written}"), text=value.strip())
    return None


def _expires(arn: str, tags: Mapping[str, tuple[str, str]]) -> Because | None:
    for key in _EXPIRY_TAGS:
        written, value = tags.get(key, ("", ""))
        if (date := date_of(value)) is not None:
            return Because(place=Place(f"{arn}#tag/{written}"), text=date)
    return None


def date_of(text: str) -> str | None:
    """A date as people write it in a tag, as RFC 3339; a day without a time lasts to its end."""
    text = text.strip()
    if re.fullmatch(r"\d{4}[-/]\d\d[-/]\d\d", text):
        text = f"{text.replace('/', '-')}T23:59:59Z"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if "T" not in text and " " not in text:
        return None
    return f"{moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _logins(body: Mapping[str, Any]) -> Iterator[LoginState]:
    keys = body.get("AccessKeys")
    for key in keys if isinstance(keys, list | tuple) else ():
        yield LoginState(
            name=f"access key {printable(str(key.get('shown', '')), 24)}".strip(),
            kind="aws-access-key",
            fingerprint=key.get("fingerprint"),
            is_active=key.get("Status") == "Active",
            created=_time(key.get("CreateDate")),
            last_used=_time(key.get("LastUsed")),
        )
    if body.get("LoginProfile") is True:
        yield LoginState(name="password", kind="password", last_used=_time(body.get("PasswordLastUsed")))


def _time(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _latest(times: Iterable[str | None]) -> str | None:
    return max((time for time in times if time is not None), default=None)


def _assumed_by(arn: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        policy = policy_of(body.get("AssumeRolePolicyDocument"), f"{arn}#trust")
    except ValueError:
        return ()
    names = (name for statement in policy.statements if statement.is_allow for _, name in statement.principals or ())
    return tuple(dict.fromkeys(names))
