"""Access in Postgres: the samples with their answers, and what a live server of random worlds really lets each role do."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from tests.differential.postgres_worlds import PRIVILEGES, Made, made_world
from tests.servers import LivePostgres, postgres_server

from remit.systems.postgres.access import AccessOf
from remit.systems.postgres.decides import verdict_of
from remit.systems.postgres.evaluate import verdict
from remit.systems.postgres.system import SYSTEM
from remit.systems.postgres.world import World

SAMPLES = next((folder for up in Path(__file__).parents if (folder := up / "shared" / "access-samples").is_dir()), None)
VERBS = ("select", "insert", "update", "delete", "truncate")


@pytest.fixture(scope="module")
def server() -> Iterator[LivePostgres]:
    with postgres_server() as live:
        yield live


@pytest.mark.skipif(SAMPLES is None, reason="the answered samples are not beside the project")
def test_every_sample_is_answered_as_the_server_did():
    assert SAMPLES is not None
    folder = SAMPLES

    @cache
    def load(name: str) -> Any:
        return json.loads((folder / name).read_text())

    answers = {(line := json.loads(text))["id"]: line["decision"] for text in (folder / "postgres-answers.jsonl").read_text().splitlines()}
    cases = [json.loads(text) for text in (folder / "postgres-cases.jsonl").read_text().splitlines()]
    wrong = []
    for case in cases:
        got = "allow" if SYSTEM.evaluate(case, load).is_allowed else "deny"
        if got != answers[case["id"]]:
            wrong.append((case["id"], got))
    assert len(cases) == len(answers) > 300
    assert wrong == []


def statement(verb: str, table: tuple[str, str], columns: tuple[str, ...]) -> sql.Composed:
    thing = sql.Identifier(*table)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    if verb == "select":
        return sql.SQL("SELECT {} FROM {}").format(names, thing)
    if verb == "insert":
        return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(thing, names, sql.SQL(", ").join([sql.SQL("1")] * len(columns)))
    if verb == "update":
        return sql.SQL("UPDATE {} SET {}").format(thing, sql.SQL(", ").join(sql.SQL("{} = 1").format(sql.Identifier(n)) for n in columns))
    return sql.SQL("DELETE FROM {}" if verb == "delete" else "TRUNCATE {}").format(thing)


def really(session: psycopg.Connection[Any], role: str, asked: sql.Composed) -> bool:
    try:
        with session.transaction(force_rollback=True):
            session.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            session.execute(asked)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@pytest.mark.parametrize("seed", [100, 101, *(pytest.param(seed, marks=pytest.mark.real) for seed in range(102, 112))])
def test_statements_are_allowed_exactly_where_a_live_server_runs_them(server: LivePostgres, seed: int):
    chance = random.Random(seed)
    with made_world(server, seed) as made, made.session() as session:
        world = World(made.objects())
        outcomes = set()
        for _ in range(120):
            role, table, verb = chance.choice([*made.roles, "postgres"]), chance.choice(made.tables), chance.choice(VERBS)
            columns = tuple(chance.sample(made.columns, chance.randint(1, 3))) if verb in VERBS[:3] else ()
            answer = verdict(world, role, verb, *table, columns)
            real = really(session, role, statement(verb, table, columns))
            assert answer.is_allowed == real, (role, verb, table, columns, answer)
            outcomes.add(real)
        assert outcomes == {True, False}


def may(made: Made, session: psycopg.Connection[Any], role: str, table: tuple[str, str], privilege: str, column: str | None) -> bool:
    """Whether a role, or one that it may SET ROLE to, has a privilege by the server's own functions."""
    asked = "has_table_privilege(r.oid, c.oid, %(word)s)" if column is None else "has_column_privilege(r.oid, c.oid, %(column)s, %(word)s)"
    query = f"""SELECT EXISTS (SELECT FROM pg_roles r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE (r.rolname = %(role)s OR pg_has_role(%(role)s, r.oid, 'SET')) AND n.nspname = %(schema)s AND c.relname = %(table)s
          AND has_schema_privilege(r.oid, n.oid, 'USAGE') AND {asked})"""
    values = {"role": role, "schema": table[0], "table": table[1], "word": privilege, "column": column}
    row = session.execute(query.encode(), values).fetchone()
    return bool(row and row[0])


@pytest.mark.parametrize("seed", [112, 113, *(pytest.param(seed, marks=pytest.mark.real) for seed in range(114, 120))])
def test_lines_of_access_are_what_the_server_says_that_a_role_can_reach(server: LivePostgres, seed: int):
    with made_world(server, seed) as made, made.session() as session:
        access = AccessOf(made.objects(), SYSTEM.vocabulary().verbs)
        for role in [*made.roles, "postgres"]:
            lines = access.of(made.ref(role)).access
            for table in made.tables:
                resource = next(
                    name for name, thing in access.world.things.items() if (thing.body.get("schema"), thing.body.get("name")) == table
                )
                for privilege in PRIVILEGES:
                    about = [item for item in lines if item.action in ("*", privilege.lower()) and item.resource in ("*", resource)]
                    is_whole = any(not item.columns for item in about)
                    assert is_whole == may(made, session, role, table, privilege, None), (role, table, privilege)
                    columns = {name for item in about for name in item.columns}
                    if not is_whole and privilege in ("SELECT", "INSERT", "UPDATE", "REFERENCES"):
                        real = {name for name in made.columns if may(made, session, role, table, privilege, name)}
                        assert columns == real, (role, table, privilege)
                    verdict_now = verdict_of(access.world, role, privilege.lower(), resource)
                    assert not verdict_now.is_allowed or is_whole


@pytest.mark.parametrize("seed", [120, 121])
def test_what_a_role_may_become_and_owns_is_what_the_server_says(server: LivePostgres, seed: int):
    with made_world(server, seed) as made, made.session() as session:
        world = World(made.objects())
        for role in made.roles:
            for other in [*made.roles, "postgres", "pg_read_all_data", "pg_database_owner"]:
                row = session.execute(
                    "SELECT pg_has_role(%s, %s, 'SET'), pg_has_role(%s, %s, 'USAGE')", [role, other, role, other]
                ).fetchone()
                assert row is not None
                assert (other in world.settable(role), world.has_privileges_of(role, other)) == row, (role, other)
