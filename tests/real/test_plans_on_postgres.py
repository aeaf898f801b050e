"""Thirty plans, applied and taken back on a live Postgres; checked with psycopg alone, as the agents themselves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from tests.servers import LivePostgres, postgres_server

from remit.app.act import Means, apply, roll_back
from remit.model.access import NativeObject
from remit.model.alignment import AlignmentLine, Class
from remit.model.connection import Connection
from remit.model.plan import Approval, Plan, PlanKind, PlanState
from remit.remedy.plan import NOTHING_TO_REPLAY, draft_plan, on_replayed
from remit.systems.postgres.system import SYSTEM
from remit.testing.kits.write import Notebook, violations

pytestmark = pytest.mark.real
AT = "2030-01-01T00:00:00Z"
SEEDS = range(10)
TABLES = ("daily", "secret", "Odd Name", "notes")
ACTIONS = ("select", "insert", "update", "delete")
COLUMNS = ("day", "account", "amount")

_WORLD = """
CREATE ROLE {owner} NOLOGIN; CREATE ROLE {agent} LOGIN; CREATE ROLE {other} LOGIN; CREATE ROLE {group} NOLOGIN; CREATE ROLE {wider} NOLOGIN;
CREATE SCHEMA {schema} AUTHORIZATION {owner}; GRANT CREATE ON DATABASE {database} TO {owner}; SET ROLE {owner};
"""


class World:
    """One schema with its owner, an agent's role, another role and two groups; what each may do is the seed's choice."""

    def __init__(self, server: LivePostgres, seed: int) -> None:
        self.server = server
        self.seed = seed
        self.schema = f"costs_{seed}"
        self.agent, self.other, self.group, self.wider, self.owner = (
            f"{name}_{seed}" for name in ("triage", "billing", "readers", "writers", "keeper")
        )
        chance = random.Random(seed)
        made = [_WORLD]
        made += [f'CREATE TABLE {{schema}}."{table}" (day date, account text, amount int);' for table in TABLES]
        made.append("GRANT USAGE ON SCHEMA {schema} TO {group}, {other}, {agent};")
        for role in ("{agent}", "{group}", "{wider}", "{other}"):
            for table in chance.sample(TABLES, 3):
                actions = ", ".join(chance.sample(ACTIONS, chance.randint(1, 3)))
                made.append(f'GRANT {actions} ON {{schema}}."{table}" TO {role}{chance.choice(["", "", " WITH GRANT OPTION"])};')
            column = chance.choice(COLUMNS)
            made.append(f'GRANT SELECT ({column}), UPDATE ({column}) ON {{schema}}."{chance.choice(TABLES)}" TO {role};')
        made.append("RESET ROLE;")
        made.append(f"GRANT {{group}} TO {{agent}}{chance.choice(['', ' WITH ADMIN OPTION', ' WITH INHERIT FALSE'])};")
        made.append("GRANT {wider} TO {group};")
        made.append(chance.choice(["", "ALTER ROLE {agent} CONNECTION LIMIT 5 VALID UNTIL '2040-01-01';"]))
        names = {"owner": self.owner, "agent": self.agent, "other": self.other, "group": self.group, "wider": self.wider}
        server.execute("\n".join(made).format(schema=self.schema, database="shop", **names), "shop")

    def state(self) -> dict[str, Any]:
        """Privileges by aclexplode, memberships with their options, role attributes: of everything, as the server's superuser sees it."""
        acl = """SELECT {what}, g.grantor::regrole::text, g.grantee, g.privilege_type, g.is_grantable
        FROM {source} CROSS JOIN LATERAL aclexplode({acl}) g ORDER BY 1, 2, 3, 4, 5"""
        questions = {
            "tables": acl.format(what="c.oid::regclass::text", source="pg_class c", acl="coalesce(c.relacl, acldefault('r', c.relowner))"),
            "columns": acl.format(what="a.attrelid::regclass::text || '.' || a.attname", source="pg_attribute a", acl="a.attacl"),
            "schemas": acl.format(what="n.nspname", source="pg_namespace n", acl="coalesce(n.nspacl, acldefault('n', n.nspowner))"),
            "databases": acl.format(what="d.datname", source="pg_database d", acl="coalesce(d.datacl, acldefault('d', d.datdba))"),
            "members": "SELECT roleid::regrole::text, member::regrole::text, grantor::regrole::text, admin_option, inherit_option, "
            "set_option FROM pg_auth_members ORDER BY 1, 2, 3",
            "roles": "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit, "
            "rolvaliduntil::text, rolbypassrls FROM pg_roles ORDER BY 1",
        }
        return {name: self.server.execute(question, "shop") for name, question in questions.items()}

    def does(self, role: str) -> dict[tuple[str, str, str], bool] | None:
        """What the role itself gets done, statement by statement, in transactions that are rolled back; None: it cannot even log in."""
        found: dict[tuple[str, str, str], bool] = {}
        if self.server.execute(f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{role}'") == [(False,)]:
            with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
                psycopg.connect(self.server.url("shop", role))
            return None
        with psycopg.connect(self.server.url("shop", role)) as session:
            for table in TABLES:
                for action in ACTIONS:
                    for column in COLUMNS if action in ("select", "update") else ("",):
                        found[action, f"{self.schema}.{_quoted(table)}", column] = self._one(session, action, table, column)
        return found

    def _one(self, session: psycopg.Connection[Any], action: str, table: str, column: str) -> bool:
        name, part = sql.Identifier(self.schema, table), sql.Identifier(column or "day")
        text = {
            "select": "SELECT {part} FROM {name}",
            "insert": "INSERT INTO {name} DEFAULT VALUES",
            "update": "UPDATE {name} SET {part} = NULL",
            "delete": "DELETE FROM {name}",
        }[action]
        try:
            session.execute(sql.SQL(text).format(name=name, part=part))
        except psycopg.errors.InsufficientPrivilege:
            return False
        finally:
            session.rollback()
        return True


def _quoted(table: str) -> str:
    return table if table.islower() and " " not in table else f'"{table}"'


@pytest.fixture(scope="module")
def server() -> Iterator[LivePostgres]:
    with postgres_server() as made:
        made.new_database("shop")
        for side in ("read", "write"):
            made.execute(f"CREATE ROLE remit_{side} LOGIN SUPERUSER")
        yield made


@pytest.fixture(scope="module")
def worlds(server: LivePostgres) -> list[World]:
    return [World(server, seed) for seed in SEEDS]


def connected(server: LivePostgres) -> Connection:
    settings = {"url": server.url("shop", "remit_read"), "write_url": server.url("shop", "remit_write")}
    return Connection(id="postgres:shop", kind="postgres", name="shop", settings=settings)


def objects_of(connection: Connection) -> list[NativeObject]:
    reader = SYSTEM.open(connection, {})
    try:
        return [item for item in reader.read() if isinstance(item, NativeObject)]
    finally:
        reader.close()


def run(move: Callable[..., Any], store: Notebook) -> Plan:
    means = Means(systems={"postgres": SYSTEM}, environment={}, now=lambda: AT, patience_seconds=(0.05,))
    plan = move(store, "plan:1", Approval(plan="plan:1", by="dana", os_user="dana", at=AT), means).plan
    assert isinstance(plan, Plan)
    return plan


def line(principal: str, action: str, table: str, column: str) -> AlignmentLine:
    return AlignmentLine(
        principal=principal,
        system="postgres:shop",
        action=action,
        resource=table,
        class_=Class.NEEDED_USED,
        why="the agent needs it",
        columns=(column,) if column else (),
    )


@pytest.mark.parametrize("way", ["narrow", "stop", "retire"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_does_what_it_says_and_is_taken_back_to_the_same_state(way: str, seed: int, server: LivePostgres, worlds: list[World]):
    world, chance, connection = worlds[seed], random.Random(f"{way}{seed}"), connected(server)
    principal = f"postgres:shop/{world.agent}"
    before, could, others = world.state(), world.does(world.agent), world.does(world.other)
    assert could is not None
    assert any(could.values())
    objects = objects_of(connection)
    kept = {call for call, works in could.items() if works and chance.random() < 0.5}
    if way == "narrow":
        proposal = SYSTEM.narrow(objects, principal, [line(principal, *call) for call in sorted(kept)], "agent")
    else:
        proposal = getattr(SYSTEM, way)(objects, principal, (), "agent")
    assert proposal.steps
    store = Notebook([connection, *objects])
    store.put(on_replayed(draft_plan("plan:1", "agent", PlanKind.QUARANTINE, [proposal], AT), NOTHING_TO_REPLAY, (), AT), seen=AT)
    applied = run(apply, store)
    assert applied.state is PlanState.APPLIED, applied.stuck_because
    assert all(proof.holds for proof in applied.proofs)
    assert world.state() != before
    can = world.does(world.agent)
    if way == "narrow":
        assert can is not None
        for call, works in could.items():
            assert can[call] == (call in kept), f"{call}: {works} before; {proposal.residue}"
    else:
        assert can is None
    assert world.does(world.other) == others
    undone = run(roll_back, store)
    assert undone.state is PlanState.UNDONE, undone.stuck_because
    assert world.state() == before
    assert world.does(world.agent) == could


def test_the_write_side_passes_the_kit(server: LivePostgres, worlds: list[World]):
    assert len(worlds) == len(SEEDS)
    assert violations(SYSTEM, connected(server), {}, most_principals=4) == []
