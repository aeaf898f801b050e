"""Records of CloudTrail as events: who did what to which resource, and how it ended.

Source of the form: CloudTrail user guide, "CloudTrail record contents" and "userIdentity element". Where CloudTrail names things otherwise
than IAM, `cloudtrail.toml` says so. Invariants:
- request parameters are looked into for the resource alone, and nothing else of them is kept;
- an access key's id becomes a fingerprint before anything else is read;
- a record that is not understood is told (`Unread`), never guessed; one that is nobody's of an account (a service's own, a sign-in, a
  caller of another account that the record does not name) gives no events.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from remit.contracts.system import RawRecord
from remit.model.access import Unread
from remit.model.connection import Connection
from remit.model.event import Event, Result
from remit.model.shown import printable
from remit.systems.aws.objects import key_fingerprint
from remit.systems.aws.trail_names import Names, names

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z\Z")
_DENIED = re.compile(r"AccessDenied|Unauthoriz|NotAuthorized|AuthorizationError|Forbidden|AllAccessDisabled|\A403\Z", re.IGNORECASE)
_ASSUMED = re.compile(r"arn:([a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/(.+)\Z", re.DOTALL)
_FEDERATED = re.compile(r"arn:([a-z-]+):sts::(\d{12}):federated-user/(.+)\Z", re.DOTALL)
_IDENTITY = re.compile(r"arn:[a-z-]+:iam::\d{12}:(?:user/.+|role/.+|root)\Z", re.DOTALL)
_CALLS = ("AwsApiCall", "AwsConsoleAction", "AwsVpceEvent")
_NOBODY = ("AWSService", "AWSAccount", "Unknown", "Directory", "IdentityCenterUser", "SAMLUser", "WebIdentityUser")
_MAX_TEXT = 2048
_MAX_SESSION = 256
_MAX_RESOURCES = 100


class _NotUnderstoodError(Exception):
    """A record that is malformed; the text says how."""


class _Who(msgspec.Struct, frozen=True):
    principal: str
    session: str


def events_of(connection: Connection, record: RawRecord) -> Sequence[Event] | Unread:
    """The events in one record."""
    try:
        return tuple(_events(connection, record))
    except _NotUnderstoodError as error:
        return Unread(place=printable(record.place, 1000), why=str(error))


def _events(connection: Connection, record: RawRecord) -> Iterator[Event]:
    body = _body(record.payload)
    event_id = _text(body, "eventID")
    happened = _text(body, "eventTime")
    if not _TIME.match(happened):
        raise _NotUnderstoodError("`eventTime` is not a time in UTC")
    source, name = _text(body, "eventSource"), _text(body, "eventName")
    if body.get("eventType", "AwsApiCall") not in _CALLS:
        return
    identity = body.get("userIdentity")
    if not isinstance(identity, Mapping):
        raise _NotUnderstoodError("the record has no `userIdentity`")
    credential = _credential(identity)
    who = _who(identity)
    if who is None:
        return
    error = body.get("errorCode")
    if error is not None and not isinstance(error, str):
        raise _NotUnderstoodError("`errorCode` is not a text")
    used = names().used(Names.Call(source=source, name=name, body=body))
    for number, (action, resource) in enumerate(used[:_MAX_RESOURCES]):
        yield Event(
            id=event_id if number == 0 else f"{event_id}/{number}",
            source=connection.id,
            happened=happened,
            principal=who.principal,
            system=f"aws:{action.partition(':')[0]}",
            action=action,
            resource=resource[:_MAX_TEXT],
            result=_result(error),
            place=record.place,
            session=who.session[:_MAX_SESSION],
            credential=credential,
            person=_person(identity),
        )


def _body(payload: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise _NotUnderstoodError("the record is not JSON") from error
    if not isinstance(body, Mapping):
        raise _NotUnderstoodError("the record is not an object")
    return body


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > _MAX_TEXT:
        raise _NotUnderstoodError(f"the record has no `{name}`")
    return value


def _credential(identity: Mapping[str, Any]) -> str:
    key = identity.get("accessKeyId")
    return key_fingerprint(key) if isinstance(key, str) and key else ""


def _issuer(identity: Mapping[str, Any]) -> Mapping[str, Any]:
    context = identity.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, Mapping) else None
    return issuer if isinstance(issuer, Mapping) else {}


def _person(identity: Mapping[str, Any]) -> str:
    context = identity.get("sessionContext")
    source = context.get("sourceIdentity") if isinstance(context, Mapping) else None
    return source[:_MAX_SESSION] if isinstance(source, str) else ""


def _who(identity: Mapping[str, Any]) -> _Who | None:
    """The user or role, and the session's name; None: nobody of this account."""
    kind, arn = identity.get("type"), identity.get("arn")
    if kind in _NOBODY:
        return None
    if kind == "Root":
        return _Who(_root(identity, arn), "")
    if not isinstance(arn, str) or len(arn) > _MAX_TEXT:
        raise _NotUnderstoodError("`userIdentity` names no principal")
    issuer = _issuer(identity).get("arn")
    if match := _ASSUMED.match(arn):
        role = f"arn:{match[1]}:iam::{match[2]}:role/{match[3]}"
        # Only the issuer shows the role's path; it is believed where it is that very role.
        is_same = isinstance(issuer, str) and issuer.startswith(role.removesuffix(match[3])) and issuer.rsplit("/", 1)[-1] == match[3]
        return _Who(str(issuer) if is_same else role, match[4])
    if match := _FEDERATED.match(arn):
        is_user = isinstance(issuer, str) and _IDENTITY.match(issuer)
        return _Who(str(issuer) if is_user else f"arn:{match[1]}:iam::{match[2]}:user/{match[3]}", match[3])
    if _IDENTITY.match(arn):
        return _Who(arn, "")
    raise _NotUnderstoodError("`userIdentity` names no user, role or session")


def _root(identity: Mapping[str, Any], arn: Any) -> str:
    if isinstance(arn, str) and _IDENTITY.match(arn):
        return arn
    account = identity.get("accountId")
    if not isinstance(account, str) or not re.fullmatch(r"\d{12}", account):
        raise _NotUnderstoodError("`userIdentity` names no account")
    return f"arn:aws:iam::{account}:root"


def _result(error: str | None) -> Result:
    if not error:
        return Result.ALLOWED
    return Result.DENIED if _DENIED.search(error) else Result.FAILED
