"""Narrowing, stopping and retiring roles on a live Postgres: tried as the roles themselves, and taken back to the same state."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import sql
from tests.differential.postgres_worlds import APPROVAL, Made, made_world, snapshot
from tests.servers import LivePostgres, postgres_server

from remit.contracts.system import WriteSide
from remit.model.access import Access
from remit.model.alignment import AlignmentLine, Class
from remit.model.errors import RefusedError
from remit.model.plan import Step
from remit.systems.postgres.change import WRITER
from remit.systems.postgres.names import split_relation
from remit.systems.postgres.system import SYSTEM

TRIED = ("select", "insert", "update", "delete")


@pytest.fixture(scope="module")
def server() -> Iterator[LivePostgres]:
    with postgres_server() as live:
        yield live


def line(access: Access, columns: tuple[str, ...]) -> AlignmentLine:
    return AlignmentLine(
        principal="",
        system=access.system,
        action=access.action,
        resource=access.resource,
        class_=Class.NEEDED_USED,
        why="",
        columns=columns,
    )


def some_of(lines: Sequence[Access], chance: random.Random, made: Made) -> list[AlignmentLine]:
    """What is kept: a part of the lines, some of them for fewer columns."""
    kept = []
    for access in lines:
        if chance.random() > (0.1 if "*" in access.action or access.action in ("own", "admin", "member") else 0.4):
            continue
        columns = access.columns
        if access.action in ("select", "update") and "*" not in access.resource and chance.random() < 0.4:
            columns = tuple(chance.sample(access.columns or made.columns, 1))
        kept.append(line(access, columns))
    return kept


def as_itself(made: Made, role: str, access: Access | AlignmentLine, columns: Sequence[str]) -> bool | None:
    """Tried by psycopg as the role, never through Remit: SET ROLE to what it may become is a try as well. None: cannot be tried."""
    name = split_relation(access.resource)
    if access.action not in TRIED or name is None or "*" in access.resource or name[1].endswith("_seq"):
        return None
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    table = sql.Identifier(*name)
    text = {
        "select": sql.SQL("SELECT {} FROM {}").format(names, table),
        "insert": sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(table, names, sql.SQL(", ").join([sql.SQL("1")] * len(columns))),
        "update": sql.SQL("UPDATE {} SET {}").format(
            table, sql.SQL(", ").join(sql.SQL("{} = 1").format(sql.Identifier(column)) for column in columns)
        ),
        "delete": sql.SQL("DELETE FROM {}").format(table),
    }[access.action]
    with made.session() as admin:
        others = [row[0] for row in admin.execute("SELECT rolname FROM pg_roles WHERE pg_has_role(%s, oid, 'SET')", [role])]
    with made.session(role) as session:
        for acting in (role, *others):
            try:
                with session.transaction(force_rollback=True):
                    session.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(acting)))
                    session.execute(text)
                return True
            except psycopg.errors.InsufficientPrivilege:
                continue
    return False


def inverse(step: Step) -> Step:
    return msgspec.structs.replace(step, before=step.after, after=step.before)


def prepared(made: Made, write_as: str) -> str:
    """Runs the SQL of the least privilege where the write role is not a superuser; gives the read role."""
    if write_as == "postgres":
        return "postgres"
    for side in ("read", "write"):
        with made.session() as admin:
            admin.execute(SYSTEM.least_privilege(made.connection(), side).text.encode())
    return "remit_read"


@pytest.mark.parametrize("write_as", ["postgres", "remit_write"])
@pytest.mark.parametrize("seed", [200, 204, *(pytest.param(seed, marks=pytest.mark.real) for seed in (201, 202, 203, 205, 206, 207))])
def test_a_narrowed_role_can_do_what_is_kept_and_nothing_new_and_comes_back_as_it_was(server: LivePostgres, seed: int, write_as: str):
    chance = random.Random(seed)
    with made_world(server, seed, owned_by_superuser=False) as made:
        read_as = prepared(made, write_as)
        for agent in made.agents:
            before, objects = snapshot(made), made.objects(write_as, read_as)
            had = next(iter(SYSTEM.access(objects, [made.ref(agent)]))).access
            keep = some_of(had, chance, made)
            could = [(item, as_itself(made, agent, item, item.columns or made.columns)) for item in had]
            proposal = SYSTEM.narrow(objects, made.ref(agent), keep, "an-agent")
            reader = SYSTEM.open(made.connection(write_as, read_as), {})
            writer = WRITER.open(made.connection(write_as, read_as), {}, APPROVAL)
            try:
                for step in proposal.steps:
                    assert reader.current(step) == step.before
                    writer.change(step)
                    assert reader.current(step) == step.after
                later = made.objects(write_as, read_as)
                assert later == list(SYSTEM.after(objects, proposal.steps))
                check_probes(writer, proposal.probes)
                check_as_itself(made, agent, could, keep)
                left = {(item.action, item.resource) for item in next(iter(SYSTEM.access(later, [made.ref(agent)]))).access}
                assert left <= {(item.action, item.resource) for item in had} or any(item.resource == "*" for item in had)
            finally:
                for step in reversed(proposal.steps):
                    writer.undo(step)
                reader.close()
                writer.close()
            assert snapshot(made) == before
            assert list(SYSTEM.after(later, [inverse(step) for step in reversed(proposal.steps)])) == objects


def check_probes(writer: WriteSide, probes: Any) -> None:
    for probe in probes:
        proof = writer.prove(probe)
        assert proof is not None, probe
        assert proof.holds, proof


def check_as_itself(made: Made, agent: str, could: Any, keep: Sequence[AlignmentLine]) -> None:
    """Kept and possible before: still possible. Impossible before: still impossible."""
    was = {(item.action, item.resource): able for item, able in could}
    for kept in keep:
        if was.get((kept.action, kept.resource)) and not (kept.action == "insert" and not kept.columns):
            assert as_itself(made, agent, kept, kept.columns or made.columns), (agent, kept)
    for item, able in could:
        if able is False:
            assert not as_itself(made, agent, item, item.columns or made.columns), (agent, item)


@pytest.mark.parametrize("write_as", ["postgres", "remit_write"])
def test_a_stopped_role_is_thrown_out_and_let_in_again(server: LivePostgres, write_as: str):
    with made_world(server, 300, owned_by_superuser=False) as made:
        read_as = prepared(made, write_as)
        agent = made.agents[0]
        before, objects = snapshot(made), made.objects(write_as, read_as)
        proposal = SYSTEM.stop(objects, made.ref(agent), (), "an-agent")
        assert [step.operation for step in proposal.steps] == ["LOGIN"]
        writer = WRITER.open(made.connection(write_as, read_as), {}, APPROVAL)
        living = made.session(agent)
        try:
            writer.change(proposal.steps[0])
            writer.change(proposal.steps[0])  # a second time, as after a crash: nothing left to do
            with pytest.raises(psycopg.OperationalError):
                living.execute("SELECT 1")
            with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
                made.session(agent)
            check_probes(writer, proposal.probes)
            writer.undo(proposal.steps[0])
            proof = writer.prove(proposal.probes[0])
            assert proof is not None
            assert not proof.holds
        finally:
            living.close()
            writer.close()
        with made.session(agent) as again:
            assert again.execute("SELECT 1").fetchone() == (1,)
        assert snapshot(made) == before


@pytest.mark.parametrize("write_as", ["postgres", "remit_write"])
def test_a_retired_role_can_do_nothing_but_what_everybody_can_and_comes_back_as_it_was(server: LivePostgres, write_as: str):
    with made_world(server, 301, owned_by_superuser=False) as made:
        read_as = prepared(made, write_as)
        agent = made.agents[1]
        before, objects = snapshot(made), made.objects(write_as, read_as)
        proposal = SYSTEM.retire(objects, made.ref(agent), (), "an-agent")
        writer = WRITER.open(made.connection(write_as, read_as), {}, APPROVAL)
        try:
            for step in proposal.steps:
                writer.change(step)
            check_probes(writer, proposal.probes)
        finally:
            for step in reversed(proposal.steps):
                writer.undo(step)
            writer.close()
        assert snapshot(made) == before


def test_a_target_that_somebody_else_changed_is_left_alone(server: LivePostgres):
    with made_world(server, 302, owned_by_superuser=False) as made:
        table = sql.Identifier(*made.tables[0])
        agent = sql.Identifier(made.agents[0])
        with made.session() as admin:
            admin.execute(sql.SQL("GRANT TRIGGER ON {} TO {}").format(table, agent))
        objects = made.objects()
        steps = SYSTEM.narrow(objects, made.ref(made.agents[0]), (), "an-agent").steps
        step = next(step for step in steps if step.arguments.get("name") == made.tables[0][1] and step.operation == "PRIVILEGES")
        with made.session() as admin:
            admin.execute(sql.SQL("GRANT MAINTAIN ON {} TO {} WITH GRANT OPTION").format(table, agent))
        before = snapshot(made)
        writer = WRITER.open(made.connection(), {}, APPROVAL)
        try:
            with pytest.raises(RefusedError, match="changed by somebody else"):
                writer.change(step)
        finally:
            writer.close()
        assert snapshot(made) == before


def test_what_is_tried_never_runs_code_of_others_with_the_write_role(server: LivePostgres):
    """A table whose owner attached a function that takes the session's role back: it is asked about, not planned."""
    server.new_database("trap")
    server.execute("CREATE ROLE trapper LOGIN; CREATE TABLE evidence (who text); GRANT CREATE, USAGE ON SCHEMA public TO trapper", "trap")
    server.execute(
        """CREATE FUNCTION public.spring() RETURNS int LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RESET ROLE; INSERT INTO public.evidence VALUES (session_user); RETURN 1; END $$;
        CREATE TABLE public.bait (a int DEFAULT public.spring(), b int CHECK (b <> public.spring()));
        CREATE TABLE public.plain (a int DEFAULT 1)""",
        "trap",
        "trapper",
    )
    made = Made(server, "trap", ["trapper"], ["trapper"], [], ["public"], [("public", "bait"), ("public", "plain")])
    writer = WRITER.open(made.connection(), {}, APPROVAL)
    try:
        for table, how in (("bait", "read back and evaluated"), ("plain", "tried as the identity")):
            access = Access(system="postgres:world", action="insert", resource=f"public.{table}")
            probe = probe_of(made, "trapper", access)
            proof = writer.prove(probe)
            assert proof is not None
            assert (proof.how, proof.got) == (how, "allowed")
    finally:
        writer.close()
    assert server.execute("SELECT count(*) FROM public.evidence", "trap") == [(0,)]


def probe_of(made: Made, role: str, access: Access) -> Any:
    from remit.model.plan import Probe

    return Probe(connection=access.system, principal=made.ref(role), action=access.action, resource=access.resource, is_allowed=True)
