"""Where a store is: a file of SQLite or a database of Postgres, from a URL.

Invariants:
- a password may stand in the URL that the environment gives (REMIT_STORE), and is never shown: not in messages, not in exceptions;
- what is shown names the place without user's secrets and without further parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from remit.model.errors import RefusedError
from remit.model.shown import printable

FILE_NAME = "store.sqlite3"
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
_FORMS = "write `sqlite:///PATH`, or `postgresql://USER@HOST/DATABASE`"
_SECRET_PARAMETERS = ("password", "sslpassword")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A store's place."""

    path: Path | None
    """The file of SQLite; None for Postgres."""
    shown: str
    """For people; holds no secret."""
    has_password: bool = False
    url: URL
    """For SQLAlchemy; hides its password where it is written out."""
    arguments: Mapping[str, str] = {}
    """What the driver is given besides, such as the password of a key file. Never shown."""

    def __repr__(self) -> str:
        return f"Address({self.shown})"

    @property
    def is_local(self) -> bool:
        """Whether it is a file of this machine."""
        return self.path is not None

    @property
    def folder(self) -> Path:
        """Where what belongs to the store and does not stand in it is kept: beside the file, else the user's data folder."""
        return self.path.parent if self.path is not None else data_folder()


def data_folder() -> Path:
    """The user's data folder (`~/.local/share/remit` on Linux)."""
    import platformdirs  # here: a store that is given by a path needs none of it

    return Path(platformdirs.user_data_dir("remit", appauthor=False))


def address(url: str | None) -> Address:
    """The place that a URL names; None is the file in the user's data folder. Raises RefusedError; the text of a URL is never repeated."""
    if not url:
        return _file(data_folder() / FILE_NAME)
    scheme, is_url, rest = url.partition("://")
    if not is_url:
        raise RefusedError(f"the store's address is not a URL; {_FORMS}")
    if scheme == "sqlite":
        return _sqlite(rest)
    if scheme in _POSTGRES:
        return _postgres(rest)
    raise RefusedError(f"a store cannot be kept in `{printable(scheme, 40)}`; {_FORMS}")


def _sqlite(rest: str) -> Address:
    if not rest.startswith("/") or rest == "/":
        raise RefusedError("a store of SQLite is a file: write `sqlite:///PATH` (a relative path) or `sqlite:////PATH` (an absolute one)")
    name = rest[1:]
    if "?" in name or "\0" in name:
        raise RefusedError("a store of SQLite takes no parameters: write `sqlite:///PATH`")
    return _file(Path(name).expanduser().absolute())


def _file(path: Path) -> Address:
    return Address(path=path, shown=printable(str(path), 1000), url=URL.create("sqlite+pysqlite", database=str(path)))


def _postgres(rest: str) -> Address:
    # A password with an `@` that is not escaped would end up as part of the host, and be shown.
    if rest.count("@") > 1:
        raise RefusedError("the store's address has more than one `@`; in a user or password it is written `%40`")
    try:
        url = make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError):
        raise RefusedError("the store's address cannot be understood; write `postgresql://USER@HOST:PORT/DATABASE`") from None
    arguments = {name: str(url.query[name]) for name in _SECRET_PARAMETERS if url.query.get(name)}
    has_password = bool(url.password or arguments)
    url = url.difference_update_query(_SECRET_PARAMETERS)
    host = url.host or str(url.query.get("host", "")) or "localhost"
    port = f":{url.port}" if url.port else ""
    user = f"{url.username}@" if url.username else ""
    return Address(
        path=None,
        shown=printable(f"postgresql://{user}{host}{port}/{url.database or ''}", 300),
        has_password=has_password,
        url=url if url.password else url.set(password=None),
        arguments=arguments,
    )
