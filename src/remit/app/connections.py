"""Connections as people give them: checked, named, and never holding a secret.

Invariants:
- a URL with a password in it is refused, with the way to give one;
- a connection given again under the same name replaces its settings and keeps what it saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from remit.model.connection import Connection
from remit.model.errors import RefusedError, UsageError
from remit.model.ids import slug_from_name
from remit.model.masking import without_secrets
from remit.model.shown import printable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}\Z")
_SECRET_WORD = re.compile(r"(?:passw(?:or)?d|pwd|secret|token)\s*=", re.IGNORECASE)
_PORT = re.compile(r"[^:]*(?::\d{0,5})?\Z|\[[^\]]*\](?::\d{0,5})?\Z")
_HOW = "put it into PGPASSWORD, a password file (~/.pgpass, PGPASSFILE) or a service (PGSERVICE), and give the URL without it"


def code_connection(path: str, name: str | None, known: Iterable[Connection], since: str) -> Connection:
    """A folder (or file) of code."""
    if not path:
        raise UsageError("PATH is empty; give the folder of the code")
    full = str(Path(path).absolute())
    again = next((other for other in known if other.kind == "code" and other.setting("path") == full), None)
    chosen = name or (again.name if again is not None else _free(slug_from_name(Path(full).name), "code", known))
    return _made("code", chosen, {"path": full}, known, since)


def aws_connection(settings: Mapping[str, str | None], name: str | None, known: Iterable[Connection], since: str) -> Connection:
    """An AWS account, by profiles."""
    endpoint = settings.get("endpoint_url")
    if endpoint is not None:
        _check_endpoint(endpoint)
    for key, value in settings.items():
        if value and _is_no_setting(key, value):
            # The value is not repeated: what was meant for a file of keys is no word for a message.
            raise UsageError(
                f"`--{key.replace('_', '-')}` holds what may be a secret, and Remit keeps none; the keys stay in a profile of AWS"
            )
    trail = settings.get("trail")
    if trail is not None and not re.match(r"s3://[a-z0-9][a-z0-9.-]{1,62}(/.*)?\Z", trail):
        raise UsageError(f"`--trail {printable(trail)}` is not a place of CloudTrail files; write it like `s3://BUCKET/PREFIX`")
    return _made("aws", name or "main", {key: value for key, value in settings.items() if value}, known, since)


def postgres_connection(
    url: str, settings: Mapping[str, str | None], name: str | None, known: Iterable[Connection], since: str
) -> Connection:
    """A Postgres database, by URLs without a password."""
    _check_url(url, "URL")
    write_url = settings.get("write_url")
    if write_url:
        _check_url(write_url, "--write-url")
    log = settings.get("log")
    given = {"url": url, **{key: value for key, value in settings.items() if value}}
    if log:
        given["log"] = str(Path(log).absolute())
    database = unquote(urlsplit(url).path.lstrip("/")) or dict(parse_qsl(urlsplit(url).query)).get("dbname", "")
    default = re.sub(r"[^A-Za-z0-9._-]+", "-", database).strip("-._") or "main"
    return _made("postgres", name or default, given, known, since)


def decisions_connection(file: str, name: str | None, known: Iterable[Connection], since: str) -> Connection:
    """The decision log of a point without a store."""
    full = str(Path(file).absolute())
    if not Path(full).is_file():
        raise RefusedError(f"`{printable(full, 1000)}` is no file; give the decision log that the point writes (`--log`)")
    again = next((other for other in known if other.kind == "decisions" and other.setting("file") == full), None)
    chosen = name or (again.name if again is not None else _free(slug_from_name(Path(full).stem), "decisions", known))
    return _made("decisions", chosen, {"file": full}, known, since)


def may_hold_secret(url: str) -> bool:
    """Whether an address may have a password in it, so that it is not even shown again to whoever typed it."""
    try:
        _check_url(url, "URL")
    except RefusedError:
        return True
    except UsageError:
        return "@" in url or _SECRET_WORD.search(unquote(url)) is not None or without_secrets(url) != url
    return False


def one_of(text: str, known: Iterable[Connection]) -> Connection:
    """The connection that `kind:name`, the name alone or the kind alone means; raises RefusedError with the candidates."""
    connected = [connection for connection in known if connection.is_connected]
    for by in ("id", "name", "kind"):
        found = [connection for connection in connected if getattr(connection, by) == text]
        if len(found) == 1:
            return found[0]
        if found:
            raise RefusedError(f"`{printable(text)}` fits several connections: {_listed(found)}; write one of these")
    raise RefusedError(f"there is no connection `{printable(text)}`" + (f"; there are {_listed(connected)}" if connected else ""))


def _listed(connections: Iterable[Connection]) -> str:
    return ", ".join(f"`{connection.id}`" for connection in connections)


def _made(kind: str, name: str, settings: Mapping[str, str], known: Iterable[Connection], since: str) -> Connection:
    if _NAME.match(name) is None:
        raise UsageError(f"`--name {printable(name)}` is not a name: letters, digits, `.`, `_` and `-`, beginning with a letter or digit")
    before = next((other for other in known if other.id == f"{kind}:{name}"), None)
    return Connection(id=f"{kind}:{name}", kind=kind, name=name, settings=settings, since=before.since if before is not None else since)


def _free(name: str, kind: str, known: Iterable[Connection]) -> str:
    taken = {other.name for other in known if other.kind == kind}
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}-{number}"
    return free


def _check_endpoint(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise UsageError("`--endpoint-url` is not an address; write it like `http://127.0.0.1:5000`") from None
    if parts.username is not None or "@" in endpoint:
        raise UsageError("`--endpoint-url` holds a login; AWS requests are signed with the profile's key")
    if not is_address or parts.query or parts.fragment:
        raise UsageError("`--endpoint-url` is not an address; write it like `http://127.0.0.1:5000`")


def _check_url(url: str, option: str) -> None:
    try:
        parts = urlsplit(url)
        password, user, query = parts.password, unquote(parts.username or ""), parse_qsl(parts.query, keep_blank_values=True)
    except ValueError as error:
        raise UsageError(f"{option} is not an address of a database; write it like `postgresql://ROLE@HOST/DATABASE`") from error
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    ports = [value for key, value in query if key == "port" and value]
    is_address = url.startswith(("postgresql://", "postgres://")) and all(port.replace(",", "").isdecimal() for port in ports)
    if not is_address or re.search(r"\s", authority):
        raise UsageError(f"{option} is not an address of a database; write it like `postgresql://ROLE@HOST/DATABASE`")
    users = [user, *(value for key, value in query if key.lower() == "user")]
    # libpq ends a password at the `@`, an URL's parser at `#`, `?` or `/` too: what only one of them takes for a password is one.
    if password is not None or _SECRET_WORD.search(unquote(url)) or any(":" in name for name in users) or "#" in url or _is_odd(url):
        raise RefusedError(f"{option} has a password in it, or may have, and Remit keeps no secrets; {_HOW}")


def _is_odd(url: str) -> bool:
    """Whether a password may stand where a port does, or an `@` where none divides a role from its host; in a name it is `%40`."""
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    hosts = authority.rpartition("@")[2].split(",")
    return authority.count("@") > 1 or "@" in rest[len(authority) :] or not all(_PORT.match(host) for host in hosts)


def _is_no_setting(key: str, value: str) -> bool:
    """Whether a setting of AWS looks like a key, or like anything but what it should be."""
    if without_secrets(value) != value or _SECRET_WORD.search(value) is not None:
        return True
    return key not in ("endpoint_url", "trail") and ("=" in value or "://" in value)
