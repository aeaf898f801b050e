"""The least that Remit needs in a database, as SQL for an administrator to run."""

from __future__ import annotations

import pkgutil

from remit.model.connection import Connection
from remit.model.errors import UsageError
from remit.model.native import Native
from remit.systems.postgres.connect import parameters_of

_ANY_DATABASE = "NULL;  -- no address was given: it is the database in which this is run"
# The same people as `principals` tells by, as far as a regular expression of Postgres can say it.
_AN_AGENT = r"""NOT r.rolsuper AND r.rolname !~ '^(pg_|remit_(read|write)$)'
      AND r.rolname !~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$'
      AND coalesce(pg_catalog.shobj_description(r.oid, 'pg_authid'), '')
        !~* '\m(person(al (login|account|role|user))?\s*[:=]|personal (login|account|role|user)|human|employee|(is|for|of) an? person)'"""


def least_privilege(connection: Connection, side: str) -> Native:
    """The SQL that makes `remit_read` or `remit_write`; `side` is `read` or `write`."""
    if side not in ("read", "write"):
        raise UsageError(f"`{side}` is no side of a connection: `read` or `write`")
    text = (pkgutil.get_data("remit.systems.postgres", f"least_privilege_{side}.sql") or b"").decode()
    text = text.replace("{check}", _check(connection)).replace("{an_agent}", _AN_AGENT)
    return Native(target=f"postgres {side}", media_type="application/sql", text=text)


def _check(connection: Connection) -> str:
    """Ends the script where it is run in another database than the one of the connection."""
    url = connection.setting("url")
    database = parameters_of(url, {}).get("dbname") if url is not None else None
    if not database:
        return _ANY_DATABASE
    literal = "'" + str(database).replace("'", "''").replace("$remit$", "$ remit $") + "'"
    return f"""IF pg_catalog.current_database() <> {literal} THEN
    RAISE EXCEPTION 'run this in the database %, not in %', {literal}, pg_catalog.current_database();
  END IF;"""
