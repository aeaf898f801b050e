from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.systems.postgres.acl import LETTERS, PUBLIC, Row, canonical_acl, default_rows, items_of, rows_of, rows_of_item
from remit.systems.postgres.names import quoted, relation_name, role_of, split_relation

NAMES = st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12)
ROWS = st.builds(Row, st.one_of(st.just(PUBLIC), NAMES), st.sampled_from(sorted(LETTERS.values())), NAMES, st.booleans())


@pytest.mark.parametrize(
    ("item", "rows"),
    [
        ("=r/boss", [Row("", "select", "boss", False)]),
        ('"Team A"=U*C/boss', [Row("Team A", "usage", "boss", True), Row("Team A", "create", "boss", False)]),
        ('"a""b=c/d"=r/"x y"', [Row('a"b=c/d', "select", "x y", False)]),
        ("r=/boss", []),
    ],
)
def test_items_are_read_as_the_server_writes_them(item: str, rows: list[Row]):
    assert list(rows_of_item(item)) == rows


@pytest.mark.parametrize("item", ["", "agent", "agent=rZ/boss", '"agent=r/boss', "agent=r/boss/x", "agent=*r/boss"])
def test_what_is_no_item_is_refused(item: str):
    with pytest.raises(ValueError, match=r"access control item|not known|does not end"):
        rows_of_item(item)


@given(st.lists(ROWS, max_size=6))
def test_items_written_are_read_as_the_same_privileges(rows: list[Row]):
    # Of two rows that differ in the option alone the server keeps the one with it.
    strongest = {(row.grantee, row.privilege, row.grantor): row for row in sorted(rows, key=lambda row: row.is_grantable)}
    again = {row for item in items_of(rows) for row in rows_of_item(item)}
    assert again == set(strongest.values())


def test_null_is_the_default_of_the_class_and_the_default_is_null():
    assert rows_of(None, "table", "boss", 180000) == default_rows("table", "boss", 180000)
    assert "maintain" not in {row.privilege for row in default_rows("table", "boss", 160000)}
    assert canonical_acl(default_rows("function", "boss", 180000), "function", "boss", 180000) is None
    assert canonical_acl([], "function", "boss", 180000) == []
    assert canonical_acl([], None, "boss", 180000) is None


@given(NAMES, NAMES)
def test_names_of_relations_are_taken_apart_as_they_were_put_together(schema: str, name: str):
    assert split_relation(relation_name(schema, name)) == (schema, name)


@pytest.mark.parametrize(
    ("name", "shown"), [("daily", "daily"), ("Daily", '"Daily"'), ("select", '"select"'), ("a$b", '"a$b"'), ('a"b', '"a""b"')]
)
def test_names_are_quoted_where_sql_asks_for_it(name: str, shown: str):
    assert quoted(name) == shown


@pytest.mark.parametrize("text", ["daily", "a.b.c", "a.", ".b", '"a.b', 'a"b".c', ""])
def test_what_is_no_relation_is_none(text: str):
    assert split_relation(text) is None


def test_a_role_belongs_to_its_own_connection():
    assert role_of("postgres:fin", "postgres:fin/a/b") == "a/b"
    assert role_of("postgres:fin", "postgres:finance/a") is None
    assert role_of("postgres:fin", "postgres:fin/") is None
