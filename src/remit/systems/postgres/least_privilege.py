"""The least that Remit needs in a database, as SQL for an administrator to run."""

from __future__ import annotations

import pkgutil

from remit.model.errors import UsageError
from remit.model.native import Native

# The same people as `principals` tells by, as far as a regular expression of Postgres can say it.
_AN_AGENT = r"""NOT r.rolsuper AND r.rolname !~ '^(pg_|remit_(read|write)$)'
      AND r.rolname !~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$'
      AND coalesce(pg_catalog.shobj_description(r.oid, 'pg_authid'), '')
        !~* '\m(person(al (login|account|role|user))?\s*[:=]|personal (login|account|role|user)|human|employee|(is|for|of) an? person)'"""


def least_privilege(side: str) -> Native:
    """The SQL that makes `remit_read` or `remit_write` for the database in which it is run; `side` is `read` or `write`."""
    if side not in ("read", "write"):
        raise UsageError(f"`{side}` is no side of a connection: `read` or `write`")
    text = (pkgutil.get_data("remit.systems.postgres", f"least_privilege_{side}.sql") or b"").decode()
    text = text.replace("{an_agent}", _AN_AGENT)
    return Native(target=f"postgres {side}", media_type="application/sql", text=text)
