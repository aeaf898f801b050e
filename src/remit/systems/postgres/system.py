"""Postgres as a system: everything derived from what a database says of itself, and the two doors to it."""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from remit.contracts.system import Auditor, Feature, NotBuilt, Reader, Vocabulary, Works
from remit.model.access import NativeObject, Principal, PrincipalAccess, Verdict
from remit.model.alignment import AlignmentLine
from remit.model.connection import Connection
from remit.model.native import Native
from remit.model.plan import Proposal, Step
from remit.model.remit import Remit
from remit.model.verbs import Verb
from remit.systems.postgres.access import AccessOf
from remit.systems.postgres.audit import events_of, known_of
from remit.systems.postgres.compile import grants
from remit.systems.postgres.decides import concerns, verdict_of
from remit.systems.postgres.evaluate import Evaluator
from remit.systems.postgres.least_privilege import least_privilege
from remit.systems.postgres.minimise import narrow
from remit.systems.postgres.names import role_of
from remit.systems.postgres.principals import principals
from remit.systems.postgres.read.live import LiveReader
from remit.systems.postgres.steps import after
from remit.systems.postgres.stop import retire, stop, with_keys
from remit.systems.postgres.world import World


def verbs_in(table: Mapping[str, Any]) -> dict[str, Verb]:
    """The verb of every action of the table; ValueError where an action stands there twice, or a word is no verb."""
    verbs: dict[str, Verb] = {}
    for section in ("privileges", "remit", "statements"):
        for action, word in table[section].items():
            if action in verbs:
                raise ValueError(f"the action `{action}` stands in the table twice")
            verbs[action] = Verb(word)
    return verbs


@cache
def _vocabulary() -> Vocabulary:
    table = tomllib.loads((pkgutil.get_data("remit.systems.postgres", "actions.toml") or b"").decode())
    return Vocabulary(kind="postgres", verbs=verbs_in(table), fold=str.lower, is_complete=True)


class PostgresSystem:
    """The read side of Postgres."""

    kind = "postgres"
    features: Mapping[str, Feature] = {
        "verbs": Works(),
        "compile": Works(),
        "read": Works(),
        "access": Works(),
        "audit": Works(),
        "change": Works(),
        "credentials": NotBuilt("no temporary roles are made for a mandate yet"),
    }

    def __init__(self) -> None:
        self._evaluator = Evaluator()
        self._latest: tuple[Sequence[NativeObject], int, World] | None = None

    def _world(self, objects: Sequence[NativeObject]) -> World:
        """The world of these objects; that of the latest ones is kept, since a replay asks about the same ones many times."""
        if self._latest is None or self._latest[0] is not objects or self._latest[1] != len(objects):
            self._latest = (objects, len(objects), World(objects))
        return self._latest[2]

    def vocabulary(self) -> Vocabulary:
        """The reviewed table of actions."""
        return _vocabulary()

    def compile(self, remit: Remit) -> Native:
        """The remit as GRANT statements."""
        return grants(remit)

    def open(self, connection: Connection, environment: Mapping[str, str]) -> Reader:
        """Connects with the read role."""
        return LiveReader(connection, environment)

    def least_privilege(self, connection: Connection, side: str) -> Native:
        """The SQL that makes the login role of one side; whatever the connection, it finds in the database itself what is needed."""
        del connection
        return least_privilege(side)

    def principals(self, objects: Sequence[NativeObject]) -> Iterable[Principal]:
        """Every role of the server."""
        return principals(objects)

    def access(self, objects: Sequence[NativeObject], principals: Sequence[str]) -> Iterable[PrincipalAccess]:
        """What each of these roles can do."""
        access = AccessOf(objects, _vocabulary().verbs)
        return [access.of(principal) for principal in principals]

    def decides(self, objects: Sequence[NativeObject], principal: str, action: str, resource: str, columns: Sequence[str] = ()) -> Verdict:
        """What Postgres would answer to this role, SET ROLE included."""
        world = self._world(objects)
        role = role_of(world.connection, principal)
        if role is None:
            return Verdict(is_allowed=False, because=f"`{principal}` is no role of `{world.connection}`")
        return verdict_of(world, role, action, resource, columns)

    def concerns(self, action: str, resource: str) -> bool:
        """Whether an action can be about a resource of this form: `execute` is not about a table."""
        return concerns(action, resource)

    def auditor(self, connection: Connection, objects: Sequence[NativeObject]) -> Auditor:
        """What reads lines of the JSON log."""
        known = known_of(objects)
        return lambda record: events_of(connection, record, known)

    def narrow(self, objects: Sequence[NativeObject], principal: str, keep: Sequence[AlignmentLine], label: str) -> Proposal:
        """Revokes, and grants in the place of memberships, that leave the role what `keep` names."""
        return narrow(objects, principal, keep, label, _vocabulary().verbs)

    def stop(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        """No login and no session. Postgres knows no keys of a role, so that a person's login is never stopped."""
        return with_keys(stop(objects, principal, label), key_fingerprints)

    def retire(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        """No login, no membership and no privilege."""
        return with_keys(retire(objects, principal, label, _vocabulary().verbs), key_fingerprints)

    def after(self, objects: Sequence[NativeObject], steps: Sequence[Step]) -> Sequence[NativeObject]:
        """The objects once these steps were done."""
        return after(objects, steps)

    def evaluate(self, case: Mapping[str, Any], load: Callable[[str], Any]) -> Verdict:
        """One question about a catalogue dump."""
        return self._evaluator.evaluate(case, load)


SYSTEM = PostgresSystem()
