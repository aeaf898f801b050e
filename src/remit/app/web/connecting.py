"""Forms that connect something: what was typed, checked as the command line checks it, and kept for another try; never a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from remit.app.connections import aws_connection, code_connection, decisions_connection, may_hold_secret, postgres_connection
from remit.app.web.site import Posted
from remit.model.connection import Connection
from remit.model.errors import RefusedError, RemitError, UsageError
from remit.model.masking import without_secrets
from remit.model.shown import printable

_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
_MOST = 2_000


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a form."""

    name: str
    label: str
    hint: str = ""
    example: str = ""
    is_needed: bool = False


_NAME = Field(name="name", label="Name", hint="What to call it; left out, it gets one from what is connected")
FIELDS: Mapping[str, tuple[Field, ...]] = {
    "code": (
        Field(name="path", label="Folder", hint="On the machine where Remit runs", example="/srv/src/shop", is_needed=True),
        _NAME,
    ),
    "aws": (
        Field(name="profile", label="Profile that reads", hint="Left out, the usual chain of credentials is used", example="audit"),
        Field(name="write_profile", label="Profile that changes", hint="Without it Remit only reads", example="remit-write"),
        Field(
            name="trail",
            label="Trail",
            hint="Where CloudTrail writes its files; without it use is not known",
            example="s3://org-trail/AWSLogs",
        ),
        Field(name="region", label="Region", hint="Of agents and runtimes; left out, the profile's"),
        Field(name="endpoint_url", label="Another address than AWS", hint="For a compatible server", example="http://127.0.0.1:5000"),
        _NAME,
    ),
    "postgres": (
        Field(
            name="url",
            label="Address",
            hint="Without a password: PGPASSWORD, ~/.pgpass, PGPASSFILE and PGSERVICE of the service work",
            example="postgresql://remit_read@db.internal/finops",
            is_needed=True,
        ),
        Field(name="write_url", label="Address with the role that changes", hint="Without it Remit only reads"),
        Field(name="log", label="Folder of its JSON logs", hint="log_destination = jsonlog; without it use is not known"),
        _NAME,
    ),
    "decisions": (
        Field(
            name="file",
            label="Decision log",
            hint="Of a gateway or service that has no store",
            example="/var/log/remit/edge.jsonl",
            is_needed=True,
        ),
        _NAME,
    ),
}
TITLES: Mapping[str, str] = {
    "code": "A folder of code",
    "aws": "An AWS account",
    "postgres": "A Postgres database",
    "decisions": "A decision log",
}
_ADDRESSES = frozenset({"url", "write_url", "endpoint_url"})
_PLACES = {"path": "the folder", "log": "the folder of logs", "file": "the decision log"}


def typed(kind: str, posted: Posted) -> dict[str, str]:
    """What stands in the fields of a form."""
    return {field.name: posted.text(field.name, most=_MOST) for field in FIELDS[kind]}


def connection_of(kind: str, given: Mapping[str, str], known: Iterable[Connection], since: str) -> Connection:
    """The connection that a form means; raises UsageError or RefusedError for what cannot be one."""
    known = list(known)
    for field in FIELDS[kind]:
        if field.is_needed and not given[field.name]:
            raise UsageError(f"`{field.label}` is empty" + (f"; write something like `{field.example}`" if field.example else ""))
    values = {name: _full(name, value) for name, value in given.items()}
    name = values.pop("name") or None
    if kind == "code":
        if not Path(values["path"]).exists():
            raise RefusedError(f"`{printable(values['path'], 1000)}` does not exist on the machine where Remit runs")
        return code_connection(values["path"], name, known, since)
    if kind == "aws":
        return aws_connection({key: value or None for key, value in values.items()}, name, known, since)
    if kind == "postgres":
        settings = {key: value or None for key, value in values.items() if key != "url"}
        return postgres_connection(values["url"], settings, name, known, since)
    return decisions_connection(values["file"], name, known, since)


def kept(given: Mapping[str, str]) -> dict[str, str]:
    """What may be shown again to whoever typed it: everything but what may hold a secret."""
    return {name: "" if _may_hold_secret(name, value) else value for name, value in given.items()}


def problem(kind: str, error: RemitError) -> str:
    """What is wrong, in the words of a form, where options are fields."""
    labels = {field.name: field.label for field in FIELDS[kind]}
    told = _OPTION.sub(lambda found: labels.get(found[1].replace("-", "_"), found[1].replace("-", " ")), str(error))
    return without_secrets(
        told.replace("URL has", f"{labels['url']} has").replace("URL is", f"{labels['url']} is") if "url" in labels else told
    )


def _may_hold_secret(name: str, value: str) -> bool:
    if name in ("url", "write_url"):
        return bool(value) and may_hold_secret(value)
    return (
        without_secrets(value) != value
        or (name not in _PLACES and "=" in value)
        or (name in _ADDRESSES and "@" in value)
        or ("://" in value and "@" in value)
    )


def _full(name: str, value: str) -> str:
    """A path as it is on the machine where Remit runs: a page has no folder of its own that it could be relative to."""
    if not value or name not in _PLACES:
        return value
    if "\0" in value:
        raise UsageError(f"{_PLACES[name]} holds a character that no path has")
    try:
        full = Path(value).expanduser()
    except RuntimeError as error:
        raise UsageError(f"`{printable(value, 300)}` names nobody's home on the machine where Remit runs") from error
    if not full.is_absolute():
        raise UsageError(f"give {_PLACES[name]} whole, beginning with `/` or `~/`: `{printable(value, 300)}` is relative to nothing here")
    return str(full)
