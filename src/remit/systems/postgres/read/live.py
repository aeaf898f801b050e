"""Reads a live database with the read role: one consistent look at its catalogues, its JSON log, and the state of one thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from remit.contracts.system import RawRecord
from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.evidence import Evidence, Gap, GapKind
from remit.model.place import Place
from remit.model.plan import Step
from remit.systems.postgres.acl import canonical_acl, column_rows, rows_of
from remit.systems.postgres.audit import settled
from remit.systems.postgres.connect import connect, reason, user_of
from remit.systems.postgres.objects import DEFAULT_ACL, SELF, native
from remit.systems.postgres.read.catalogue import Part, parts_for
from remit.systems.postgres.read.log import records
from remit.systems.postgres.state import current_state
from remit.systems.postgres.world import class_and_resource


class LiveReader:
    """A session with the read role."""

    def __init__(self, connection: Connection, environment: Mapping[str, str]) -> None:
        self._connection = connection
        self._environment = environment
        self._session = connect(connection, "url", environment, is_read_only=True)

    def read(self) -> Iterator[NativeObject | Evidence | Gap]:
        """Everything that the catalogues say, as of one moment. A part that cannot be read is a gap, and named in the `self` object."""
        unread: list[list[str]] = []
        for part in parts_for(self._session.info.server_version):
            try:
                bodies = self._rows(part)
            except psycopg.Error as error:
                place = f"{self._connection.id} {part.catalogue}"
                unread.append([place, reason(error)])
                is_refusal = isinstance(error, psycopg.errors.InsufficientPrivilege)
                kind = GapKind.NO_PERMISSION if is_refusal else GapKind.NO_ANSWER
                yield Gap(place=Place(place), kind=kind, what=reason(error))
                continue
            version = self._session.info.server_version
            objects = [native(self._connection.id, part.kind, _canonical(self._connection.id, part.kind, body, version)) for body in bodies]
            yield from sorted(objects, key=lambda item: item.id)
        yield from self._selves(unread)
        if not self._session.closed:
            self._session.rollback()

    def _rows(self, part: Part) -> list[dict[str, Any]]:
        with self._session.transaction(), self._session.cursor() as cursor:
            return [row[0] for row in cursor.execute(part.sql.encode())]

    def _selves(self, unread: list[list[str]]) -> Iterator[NativeObject]:
        yield native(self._connection.id, SELF, {"side": "read", "role": self._session.info.user, "unread": unread})
        write_url = self._connection.setting("write_url")
        if write_url is not None:
            yield native(self._connection.id, SELF, {"side": "write", "role": user_of(write_url, self._environment), "unread": []})

    def records(self, cursor: str | None) -> Iterator[RawRecord | Gap]:
        """The lines of the JSON log after the cursor; a connection without a log has none, and says so."""
        folder = self._connection.setting("log")
        if folder is None:
            what = "no log was given: what its roles did is not known; connect it with `--log FOLDER` (log_destination = jsonlog)"
            yield Gap(place=Place(f"{self._connection.id} log"), kind=GapKind.LEFT_OUT, what=what)
            return
        yield from settled(records(Path(folder), cursor, f"{self._connection.id} log"))

    def current(self, step: Step) -> str | None:
        """What the target of a step looks like now."""
        try:
            with self._session.transaction():
                state = current_state(self._session, step)
            self._session.rollback()
        except psycopg.Error as error:
            raise RefusedError(f"cannot read `{step.target}` of `{self._connection.id}`: {reason(error)}") from error
        return state

    def close(self) -> None:
        """Ends the session."""
        self._session.close()


def _canonical(connection: str, kind: str, body: dict[str, Any], version: int) -> dict[str, Any]:
    """The body with its access control lists in one form for equal privileges."""
    if "acl" not in body or kind == DEFAULT_ACL:
        return body
    class_, _ = class_and_resource(native(connection, kind, body))
    owner = body.get("owner") or ""
    try:
        body = {**body, "acl": canonical_acl(rows_of(body["acl"], class_, owner, version), class_, owner, version)}
        if "columns" in body:
            columns = [{**column, "acl": canonical_acl(column_rows(column["acl"]), None, owner, version)} for column in body["columns"]]
            body = {**body, "columns": columns}
    except ValueError:
        # Left as it stands: whoever derives access from it says that it is not understood.
        return body
    return body
