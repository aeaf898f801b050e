"""The hands: one step is one transaction with the write role, and a proof is a try as the identity itself.

Invariants:
- a step is done only where its target looks as the plan expects, asked in the same transaction; what was made is read back in it, and
  anything else than what the step says is rolled back;
- a grant is made and taken as the role that granted it (SET LOCAL ROLE), so that undoing it restores the same rows;
- nothing waits longer than its timeouts, nothing is retried, no CASCADE is ever used;
- no code of others runs with the write role: names are quoted, the search path is empty, and what is tried as another role is planned only
  where no function, type or operator that somebody defined is in reach of the planner (`proof`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg import sql

from remit.contracts.system import WriteSide
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.plan import Approval, Probe, Proof, Step
from remit.model.shown import printable
from remit.systems.postgres.connect import connect, reason
from remit.systems.postgres.grants import grants, membership_grant, membership_revoke, object_sql, revokes
from remit.systems.postgres.proof import prove
from remit.systems.postgres.state import current_state, login_state
from remit.systems.postgres.steps import (
    ATTRIBUTE_NAMES,
    ATTRIBUTES,
    CLOSED,
    CLOSING,
    LOGIN,
    MEMBERSHIP,
    OPEN,
    PRIVILEGES,
    attributes_in,
    rows_in,
)

_TERMINATE_MILLISECONDS = 3000
_ATTRIBUTE_WORDS = {
    "bypassrls": ("BYPASSRLS", "NOBYPASSRLS"),
    "createdb": ("CREATEDB", "NOCREATEDB"),
    "createrole": ("CREATEROLE", "NOCREATEROLE"),
    "replication": ("REPLICATION", "NOREPLICATION"),
}


class PostgresWriter:
    """A session with the write role."""

    def __init__(self, connection: Connection, environment: Mapping[str, str]) -> None:
        self._connection = connection
        self._session = connect(connection, "write_url", environment, is_read_only=False)
        self._user = str(self._session.info.user)
        try:
            row = self._session.execute("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user").fetchone()
            self._session.commit()
        except psycopg.Error as error:
            self._session.close()
            raise RefusedError(f"cannot begin to write to `{connection.id}`: {reason(error)}") from error
        self._is_superuser = bool(row and row[0])

    def change(self, step: Step) -> None:
        """Makes the target what `step.after` says."""
        self._make(step, step.before, step.after)

    def undo(self, step: Step) -> None:
        """Makes the target what `step.before` says."""
        self._make(step, step.after, step.before)

    def prove(self, probe: Probe) -> Proof | None:
        """Tries the probe as the identity; None where the server does not tell."""
        try:
            return prove(self._session, probe)
        except psycopg.Error as error:
            raise RefusedError(f"cannot try `{printable(probe.action)}` on `{printable(probe.resource)}`: {reason(error)}") from error

    def close(self) -> None:
        """Ends the session."""
        self._session.close()

    def _make(self, step: Step, expected: str | None, wanted: str | None) -> None:
        if step.connection != self._connection.id:
            raise RefusedError(f"the step on `{step.target}` is about `{step.connection}`, not about `{self._connection.id}`")
        if wanted is None or expected is None:
            raise RefusedError(f"`{step.target}` was not there when the plan was made: nothing is done")
        try:
            with self._session.transaction():
                is_as_wanted = self._is_as_wanted(step, expected, wanted)
                if not is_as_wanted:
                    self._perform(step, expected, wanted)
                    self._read_back(step, wanted)
            if step.operation == LOGIN and wanted == CLOSED:
                self._end_sessions(step)
        except psycopg.Error as error:
            raise RefusedError(f"`{step.target}` of `{self._connection.id}` was not changed: {reason(error)}") from error

    def _is_as_wanted(self, step: Step, expected: str, wanted: str) -> bool:
        """Whether there is nothing left to do; RefusedError where the target is neither as expected nor as wanted."""
        lock = f"remit {step.target}"
        self._session.execute("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(%s, 0))", [lock])
        found = current_state(self._session, step)
        if found == wanted or (step.operation == LOGIN and wanted == CLOSED and found == CLOSING):
            return True
        if found == expected or (step.operation == LOGIN and wanted == OPEN and found == CLOSING):
            return False
        if found is None:
            raise RefusedError(f"`{step.target}` is not there any more: nothing was done")
        raise RefusedError(f"`{step.target}` was changed by somebody else: nothing was done")

    def _read_back(self, step: Step, wanted: str) -> None:
        found = current_state(self._session, step)
        if found != wanted and not (step.operation == LOGIN and wanted == CLOSED and found == CLOSING):
            raise RefusedError(f"`{step.target}` did not become what the step says; it was left as it was")

    def _perform(self, step: Step, expected: str, wanted: str) -> None:
        given = dict(step.arguments)
        if step.operation == PRIVILEGES:
            self._set_privileges(step, given, rows_in(expected), rows_in(wanted))
        elif step.operation == MEMBERSHIP:
            self._set_membership(given, rows_in(expected), rows_in(wanted))
        elif step.operation == ATTRIBUTES:
            now, then = attributes_in(expected), attributes_in(wanted)
            words = [_ATTRIBUTE_WORDS[name][not then[name]] for name in ATTRIBUTE_NAMES if now[name] != then[name]]
            self._alter_role(given["role"], words)
        elif step.operation == LOGIN:
            self._alter_role(given["role"], ["LOGIN" if wanted == OPEN else "NOLOGIN"])
        else:
            raise RefusedError(f"`{printable(step.operation)}` is no operation on Postgres")

    def _alter_role(self, role: str, words: Iterable[str]) -> None:
        options = sql.SQL(" ").join(sql.SQL(word) for word in words)
        self._session.execute(sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(role), options))

    def _set_privileges(self, step: Step, given: dict[str, str], now: list[Any], then: list[Any]) -> None:
        thing, grantee = object_sql(self._session, given), given["grantee"]
        for grantor in sorted({row[2] for row in set(now) - set(then)}):
            gone = [row for row in set(now) - set(then) if row[2] == grantor]
            self._as(grantor, revokes(thing, grantee, gone, set(then)), owner=given["owner"])
        # To revoke from the whole takes column privileges of the same grantor along: what is there now is asked anew.
        left = set(rows_in(current_state(self._session, step) or "[]"))
        for grantor in sorted({row[2] for row in set(then) - left}):
            self._as(grantor, grants(thing, grantee, [row for row in set(then) - left if row[2] == grantor]), owner=given["owner"])

    def _set_membership(self, given: dict[str, str], now: list[Any], then: list[Any]) -> None:
        role, member = given["role"], given["grantee"]
        staying = {row[0] for row in then}
        for row in sorted(set(now) - set(then)):
            if row[0] not in staying:
                self._as(row[0], [membership_revoke(role, member, row)])
        for row in sorted(set(then) - set(now)):
            self._as(row[0], [membership_grant(role, member, row)])

    def _as(self, role: str, statements: Iterable[sql.Composed], owner: str = "") -> None:
        """Runs statements as the role in whose name they are; what a superuser grants on a thing is in the name of its owner anyway."""
        if role != self._user and not (self._is_superuser and role == owner):
            self._session.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        for statement in statements:
            self._session.execute(statement)
        self._session.execute("SET LOCAL ROLE NONE")

    def _end_sessions(self, step: Step) -> None:
        """Ends what is still connected as the role, once it can connect no more; as the role itself where that is allowed."""
        role = step.arguments["role"]
        with self._session.transaction():
            if not self._is_superuser:
                self._session.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            query = """SELECT pg_catalog.pg_terminate_backend(a.pid, %s) FROM pg_catalog.pg_stat_activity a
JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid WHERE r.rolname = %s"""
            self._session.execute(query, [_TERMINATE_MILLISECONDS, role])
        with self._session.transaction():
            found = login_state(self._session, role)
        if found != CLOSED:
            raise RefusedError(f"`{role}` can log in no more, but a session of it is still alive")


class OpensPostgresWriter:
    """Hands out the write side."""

    def open(self, connection: Connection, environment: Mapping[str, str], approval: Approval) -> WriteSide:
        """Connects with the write role, for one approval."""
        if not approval.plan:
            raise RefusedError("the write role is opened for an approved plan alone")
        return PostgresWriter(connection, environment)


WRITER = OpensPostgresWriter()
