"""One record of the JSON log to events: what was done, to what, by whom and how it ended; nothing of what stood in literals."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from remit.contracts.system import RawRecord
from remit.model.access import NativeObject, Unread
from remit.model.connection import Connection
from remit.model.event import Event, Result
from remit.model.evidence import Gap, GapKind
from remit.model.place import Place
from remit.systems.postgres.audit import events_of, known_of, settled

SHOP = Connection(id="postgres:shop", kind="postgres", name="shop", settings={"url": "postgresql://remit_read@db.internal/shop"})
LINE: dict[str, Any] = {
    "timestamp": "2026-11-02 08:00:00.125 UTC",
    "user": "stock_agent",
    "dbname": "shop",
    "session_id": "6907101f.2c",
    "line_num": 4,
    "application_name": "stock-agent",
    "session_start": "2026-11-02 07:59:59 UTC",
    "backend_type": "client backend",
    "error_severity": "LOG",
    "message": "",
}


def raw(**members: Any) -> RawRecord:
    line = {**LINE, **members}
    return RawRecord(place=f"log.json:{line['line_num']}", payload=msgspec.json.encode(line), cursor=str(line["line_num"]))


def events(**members: Any) -> list[Event]:
    found = events_of(SHOP, raw(**members))
    assert not isinstance(found, Unread), found
    return list(found)


def told(**members: Any) -> list[str]:
    return [f"{event.action} {event.resource}" for event in events(**members)]


STATEMENTS = {
    "select sku, count from stock.items where sku = 'A'": ["select stock.items"],
    "SELECT * FROM Items": ["select public.items"],
    'select * from "HR"."Audit Log"': ['select "HR"."Audit Log"'],
    "with low as (select * from stock.items) insert into stock.orders select * from low join stock.prices using (sku)": [
        "insert stock.orders",
        "select stock.prices",
        "select stock.items",
    ],
    "update stock.items set count = 0 where sku in (select sku from stock.recalled)": ["update stock.items", "select stock.recalled"],
    "delete from stock.items returning sku": ["delete stock.items", "select stock.items"],
    "insert into stock.items values (1) on conflict (sku) do update set count = 1": ["insert stock.items", "update stock.items"],
    "truncate stock.items cascade": ["truncate stock.items"],
    "select stock.reserve(3)": ["execute function/stock.reserve(*)"],
    "call stock.close_day()": ["execute function/stock.close_day(*)"],
    "select * from stock.items for update": ["update stock.items", "select stock.items"],
    "copy stock.items to stdout": ["select stock.items"],
    "copy stock.items from program 'curl http://x'": ["insert stock.items", "copy *"],
    "create table stock.seen (id int references stock.items)": ["create schema/stock", "references stock.items"],
    "create temp table mine (id int)": ["temporary database/shop"],
    "drop table stock.items cascade": ["drop stock.items"],
    "alter role stock_agent password 'hunter2-canary'": ["alter role/stock_agent"],
    "grant stock_owner to stock_agent": ["grant *"],
    "do $$ begin delete from stock.items; end $$": ["do *"],
    "select pg_read_file('/etc/passwd')": ["execute function/pg_catalog.pg_read_file(*)"],
    "select * from pg_authid": ["select pg_catalog.pg_authid"],
    "refresh materialized view stock.totals": ["maintain stock.totals"],
    "select E'it\\'s' from stock.items; delete from stock.orders": ["select stock.items", "delete stock.orders"],
    "select 1 /* a /* nested */ drop table x */ from stock.items -- 'open": ["select stock.items"],
    "declare c cursor for select * from stock.items": ["select stock.items"],
    "explain analyze select * from stock.items": ["select stock.items"],
    "insert into stock.items values " + ", ".join(f"({number}, 'x')" for number in range(9000)): ["insert stock.items"],
    "begin": [],
    "set search_path = stock": [],
    "set role stock_owner": [],
    "set session authorization stock_owner": ["set role/stock_owner"],
    "select now(), version(), current_setting('x')": [],
    "select n.nspname from pg_catalog.pg_namespace n": [],
    "select * from information_schema.tables": [],
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_becomes_one_event_for_each_thing_that_it_does(statement: str) -> None:
    assert told(message=f"statement: {statement}") == STATEMENTS[statement]


COLUMNS = {
    "select sku, count from stock.items where place = 'A'": [("select", ("count", "place", "sku"))],
    "update stock.items set count = count - 1, \"Seen At\" = now() where sku = 'A'": [("update", ("Seen At", "count"))],
    "update stock.items i set (count, place) = (1, 'B') from stock.orders o where o.sku = i.sku": [
        ("update", ("count", "place")),
        ("select", ()),
    ],
    "update stock.items set tags[1] = 'x'": [("update", ("tags",))],
    "update stock.items set count = 1 returning *": [("update", ("count",)), ("select", ())],
    "insert into stock.items (sku, count) values ('A', 1)": [("insert", ("count", "sku"))],
    "insert into stock.items values ('A', 1)": [("insert", ())],
    "insert into stock.items (sku) values ('A') on conflict (sku) do update set count = excluded.count": [
        ("insert", ("sku",)),
        ("update", ("count",)),
    ],
    "copy stock.items (sku, count) from stdin": [("insert", ("count", "sku"))],
    "merge into stock.items i using stock.new n on i.sku = n.sku when matched then update set count = n.count "
    "when not matched then insert (sku) values (n.sku)": [("update", ("count",)), ("insert", ("sku",)), ("select", ()), ("select", ())],
    "select sku from stock.items for update": [("update", ()), ("select", ("sku",))],
    "delete from stock.items where sku = 'A'": [("delete", ())],
}


@pytest.mark.parametrize("statement", COLUMNS)
def test_an_event_names_the_columns_that_are_written_and_none_that_are_only_compared(statement: str) -> None:
    assert [(event.action, event.columns) for event in events(message=f"statement: {statement}")] == COLUMNS[statement]


FORMS = {
    "execute <unnamed>: select * from stock.items where sku = $1": ["select stock.items"],
    "execute _pg3_0: select * from stock.items": ["select stock.items"],
    "duration: 0.036 ms  statement: select * from stock.items": ["select stock.items"],
    "duration: 0.010 ms  execute <unnamed>: select * from stock.items": ["select stock.items"],
    "duration: 0.386 ms  bind <unnamed>: select * from stock.items": [],
    "duration: 0.439 ms  parse <unnamed>: select * from stock.items": [],
    "duration: 12.5 ms": [],
    "execute fetch from c: select * from stock.items": [],
    "connection authorized: user=stock_agent database=shop": [],
    "disconnection: session time: 0:00:01": [],
}


@pytest.mark.parametrize("message", FORMS)
def test_every_form_of_a_message_gives_its_statement_once(message: str) -> None:
    assert told(message=message, detail="Parameters: $1 = 'x'") == FORMS[message]


def test_a_prepared_statement_is_what_was_prepared() -> None:
    assert told(message="statement: EXECUTE low(1)", detail="prepare: PREPARE low (int) AS SELECT * FROM stock.items") == [
        "select stock.items"
    ]


def test_the_name_of_a_prepared_statement_cannot_hide_what_it_does() -> None:
    assert "delete stock.items" in told(message="execute x: select 1 --: delete from stock.items")


def test_an_event_says_who_when_where_and_in_which_session() -> None:
    [event] = events(message="statement: select sku from stock.items")
    assert event == Event(
        id="6907101f.2c:4:2026-11-02 08:00:00.125 UTC:0",
        source="postgres:shop",
        happened="2026-11-02T08:00:00.125000Z",
        principal="postgres:shop/stock_agent",
        system="postgres:shop",
        action="select",
        resource="stock.items",
        result=Result.ALLOWED,
        place="log.json:4",
        session="stock-agent",
        columns=("sku",),
    )


@pytest.mark.parametrize(
    ("timestamp", "start", "happened"),
    [
        ("2026-11-02 09:00:00.125 CET", "2026-11-02 09:02:39 CET", "2026-11-02T08:00:00.125000Z"),
        ("2026-11-02 13:30:00 IST", "2026-11-02 13:32:39 IST", "2026-11-02T08:00:00.000000Z"),
        ("2026-11-02 08:00:00 GMT", "", "2026-11-02T08:00:00.000000Z"),
    ],
)
def test_a_time_in_another_zone_is_told_by_the_start_of_the_session(timestamp: str, start: str, happened: str) -> None:
    begun = 1762070559  # 2025-11-02 08:02:39 UTC, as the id says
    members = {"timestamp": timestamp.replace("2026", "2025"), "session_start": start.replace("2026", "2025")}
    [event] = events(message="statement: select 1 from stock.items", session_id=f"{begun:x}.2c", **members)
    assert event.happened == happened.replace("2026", "2025")


def test_a_time_that_cannot_be_told_is_unread() -> None:
    found = events_of(SHOP, raw(message="statement: select 1 from stock.items", timestamp="2026-11-02 09:00:00 CET", session_start=""))
    assert isinstance(found, Unread)
    assert "log_timezone" in found.why


@pytest.mark.parametrize(
    ("code", "result"), [("42501", Result.DENIED), ("42P01", Result.FAILED), ("22012", Result.FAILED), ("57014", Result.FAILED)]
)
def test_an_error_tells_how_its_statement_ended(code: str, result: Result) -> None:
    found = events(
        error_severity="ERROR", state_code=code, message="permission denied for table items", statement="select * from stock.items"
    )
    assert [(event.result, event.resource) for event in found] == [(result, "stock.items")]


def test_a_text_that_was_refused_was_refused_as_a_whole() -> None:
    found = events(error_severity="ERROR", state_code="42501", message="...", statement="insert into stock.b select * from stock.a")
    assert {event.resource: event.result for event in found} == {"stock.b": Result.DENIED, "stock.a": Result.DENIED}


def test_an_error_of_grammar_did_nothing() -> None:
    assert events(error_severity="ERROR", state_code="42601", message='syntax error at or near "selec"', statement="selec 1") == []


@pytest.mark.parametrize(
    ("members", "count"),
    [
        ({"application_name": "remit", "user": "remit_read"}, 0),
        ({"application_name": "remit", "user": "stock_agent"}, 1),
        ({"application_name": "psql", "user": "remit_read"}, 1),
        ({"dbname": "billing"}, 0),
        ({"backend_type": "parallel worker"}, 0),
        ({"backend_type": "autovacuum worker"}, 0),
        ({"error_severity": "WARNING"}, 0),
    ],
)
def test_only_what_clients_do_in_this_database_counts_and_nobody_hides_as_remit(members: dict[str, Any], count: int) -> None:
    assert len(events(message="statement: select 1 from stock.items", **members)) == count


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b'{"timestamp": 3}', b"2026-11-02 LOG:  statement: select 1", b"\xff\xfe", b"[" * 5000]
)
def test_a_malformed_record_is_unread_and_named(payload: bytes) -> None:
    found = events_of(SHOP, RawRecord(place="log.json:9", payload=payload, cursor="9"))
    assert isinstance(found, Unread)
    assert found.place == "log.json:9"
    assert "no record of the JSON log" in found.why


def test_a_statement_that_cannot_be_read_is_told_without_its_text() -> None:
    found = events_of(SHOP, raw(message="statement: select from where 'hunter2-canary' (("))
    assert isinstance(found, Unread)
    assert "`stock_agent`" in found.why
    assert "`select`" in found.why
    assert "canary" not in found.why


def test_an_unreadable_statement_beside_a_readable_one_stays_visible() -> None:
    assert told(message="statement: select * from stock.items; execute hidden(1)") == ["select stock.items", "execute *"]


def test_nothing_of_a_literal_or_parameter_is_kept() -> None:
    for statement in (
        "alter role x password 'hunter2-canary'",
        "select $$hunter2-canary$$ from stock.items",
        "insert into t values (E'\\'hunter2-canary')",
    ):
        shown = repr(events(message=f"statement: {statement}", detail="Parameters: $1 = 'hunter2-canary'"))
        assert "canary" not in shown


def relation(schema: str, name: str) -> NativeObject:
    body = {"schema": schema, "name": name}
    return NativeObject(connection="postgres:shop", kind="pg:relation", id=f"{schema}.{name}", body=body)


def function(schema: str, name: str, arguments: str) -> NativeObject:
    body = {"schema": schema, "name": name, "arguments": arguments}
    return NativeObject(connection="postgres:shop", kind="pg:function", id=f"{schema}.{name}({arguments})", body=body)


def test_known_relations_tell_the_schema_of_a_bare_name() -> None:
    known = known_of(
        [relation("stock", "items"), relation("public", "shared"), relation("stock", "shared"), function("stock", "reserve", "integer")]
    )
    found = events_of(SHOP, raw(message="statement: select reserve(1) from items, shared, unknown"), known)
    assert not isinstance(found, Unread)
    assert {event.resource for event in found} == {"stock.items", "public.shared", "public.unknown", "function/stock.reserve(integer)"}


def pair(session: str, first: int, statement: str, *, ends: bool = True, gap: int = 1) -> list[RawRecord]:
    begun = raw(session_id=session, line_num=first, message=f"statement: {statement}")
    ended = raw(session_id=session, line_num=first + gap, error_severity="ERROR", state_code="42501", message="no", statement=statement)
    return [begun, ended] if ends else [begun]


def results(records: list[RawRecord], **options: Any) -> list[str]:
    found = []
    for record in settled(iter(records), **options):
        assert isinstance(record, RawRecord)
        read = events_of(SHOP, record)
        assert not isinstance(read, Unread)
        found += [f"{event.result} {event.resource}" for event in read]
    return found


def test_a_statement_and_its_refusal_count_as_refused_alone() -> None:
    records = [*pair("a.1", 1, "select 1 from stock.a"), *pair("a.1", 3, "select 1 from stock.b", ends=False)]
    assert results(records) == ["denied stock.a", "allowed stock.b"]


def test_sessions_that_interleave_are_told_apart_and_keep_the_order_of_the_log() -> None:
    one, other = pair("a.1", 1, "select 1 from stock.a"), pair("b.1", 1, "select 1 from stock.b", ends=False)
    assert results([one[0], other[0], one[1]]) == ["allowed stock.b", "denied stock.a"]


def test_an_error_of_another_statement_takes_nothing_back() -> None:
    records = [*pair("a.1", 1, "select 1 from stock.a", ends=False), *pair("a.1", 2, "select 1 from stock.b")[1:]]
    records = [records[0], raw(session_id="a.1", line_num=2, error_severity="ERROR", state_code="42501", statement="select 1 from stock.b")]
    assert results(records) == ["allowed stock.a", "denied stock.b"]


def test_an_idle_session_holds_back_nothing_for_long() -> None:
    records = pair("idle.1", 1, "select 1 from stock.a", ends=False)
    records += [raw(session_id="busy.1", line_num=number, message="statement: select 1 from stock.b") for number in range(1, 20)]
    seen: list[str] = []
    stream = settled(iter(records), most_waiting=5)
    first = next(stream)
    assert isinstance(first, RawRecord)
    seen.append(first.cursor)
    assert seen == ["1"]
    assert 1 + len(list(stream)) == len(records)


def test_a_malformed_record_passes_through_to_be_counted() -> None:
    broken = RawRecord(place="log.json:2", payload=b"{", cursor="2")
    gap = Gap(place=Place("log.json"), kind=GapKind.NO_PERMISSION, what="cannot be opened")
    assert list(settled([raw(message="statement: select 1 from stock.a"), broken, gap]))[1:] == [broken, gap]


def test_a_record_without_what_counts_its_lines_is_known_by_its_place() -> None:
    line = {name: value for name, value in LINE.items() if name not in ("session_id", "line_num")} | {
        "message": "statement: select 1 from stock.items"
    }
    records = [RawRecord(place=f"log.json:{number}", payload=msgspec.json.encode(line), cursor=str(number)) for number in (1, 2)]
    assert list(settled(records)) == records
    found = [events_of(SHOP, record) for record in records]
    assert [event.action for each in found if not isinstance(each, Unread) for event in each] == ["select", "select"]
    assert len({event.id for each in found if not isinstance(each, Unread) for event in each}) == 2


def test_two_records_of_one_number_at_different_times_are_two_events() -> None:
    [one] = events(message="statement: select 1 from stock.items")
    [other] = events(message="statement: select 1 from stock.items", timestamp="2026-11-02 08:00:01.125 UTC")
    assert one.id != other.id
