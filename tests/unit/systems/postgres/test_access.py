from __future__ import annotations

from typing import Any

import pytest
from tests.unit.systems.postgres.catalogues import CONNECTION, member, objects, role, table, world

from remit.model.access import Effect, NativeObject
from remit.model.verbs import Verb
from remit.systems.postgres.decides import verdict_of
from remit.systems.postgres.objects import native
from remit.systems.postgres.system import SYSTEM


def lines(held: list[NativeObject], name: str) -> dict[tuple[str, str], Any]:
    """The access of one role by action and resource."""
    found = next(iter(SYSTEM.access(held, [f"{CONNECTION}/{name}"])))
    return {(line.action, line.resource): line for line in found.access}


def test_without_usage_of_the_schema_a_grant_gives_nothing():
    relations = [table("app.orders", ["boss=arwdDxtm/boss", "agent=r/boss"])]
    assert ("select", "app.orders") in lines(objects([role("agent")], relations), "agent")
    assert lines(objects([role("agent")], relations, schema_acl=["boss=UC/boss"]), "agent") == {}


def test_a_path_names_every_membership_on_the_way_to_the_grant():
    held = objects([role("agent"), role("a"), role("b")], [table("app.orders", ["b=r/boss"])], [member("a", "agent"), member("b", "a")])
    path = [(str(step.place), step.text) for step in lines(held, "agent")["select", "app.orders"].because]
    assert path == [
        ("postgres:fin row pg_auth_members role/agent -> role/a", "`agent` inherits from `a`"),
        ("postgres:fin row pg_auth_members role/a -> role/b", "`a` inherits from `b`"),
        ("postgres:fin row pg_class app.orders relacl", "`b` was granted SELECT on app.orders"),
    ]


def test_what_is_had_only_after_set_role_is_listed_and_its_path_says_so():
    held = objects([role("agent"), role("a")], [table("app.orders", ["a=r/boss"])], [member("a", "agent", inherit=False)])
    found = lines(held, "agent")
    assert found["select", "app.orders"].because[0].text == "`agent` may SET ROLE to `a`"
    assert ("member", "role/a") in found


@pytest.mark.parametrize(("inherit", "may_set", "is_reached"), [(True, False, True), (False, True, True), (False, False, False)])
def test_a_membership_gives_what_its_options_say(inherit: bool, may_set: bool, is_reached: bool):
    held = objects([role("agent"), role("a")], [table("app.t", ["a=r/boss"])], [member("a", "agent", inherit=inherit, may_set=may_set)])
    assert (("select", "app.t") in lines(held, "agent")) is is_reached
    assert ("member", "role/a") in lines(held, "agent")


def test_superusers_and_roles_over_all_data_have_a_star_and_nobody_else():
    held = objects([role("root", superuser=True), role("agent"), role("other")], [table("app.t")], [member("pg_read_all_data", "agent")])
    assert list(lines(held, "root")) == [("*", "*")]
    assert ("select", "*") in lines(held, "agent")
    assert not any("*" in resource for _, resource in lines(held, "other"))


def test_whoever_may_become_a_superuser_can_do_everything():
    held = objects([role("agent")], [], [member("postgres", "agent", inherit=False)])
    assert ("*", "*") in lines(held, "agent")


def test_column_grants_are_listed_with_their_columns_unless_the_whole_is_granted():
    relations = [
        table("app.t", ["boss=r/boss"], {"a": ["agent=r/boss"], "b": None}),
        table("app.u", ["agent=r/boss"], {"a": ["agent=r/boss"]}),
    ]
    found = lines(objects([role("agent")], relations), "agent")
    assert found["select", "app.t"].columns == ("a",)
    assert found["select", "app.u"].columns == ()


def test_owners_attributes_and_admin_options_are_capabilities_of_their_own():
    held = objects([role("agent", createrole=True, createdb=True, bypassrls=True), role("a")], [], [member("a", "agent", admin=True)])
    found = lines(held, "agent")
    assert {("createrole", "role/*"), ("createdb", "database/*"), ("bypassrls", "*"), ("admin", "role/a")} <= set(found)
    assert found["createrole", "role/*"].verb is Verb.ADMINISTER
    assert ("own", "app.t") in lines(objects([], [table("app.t")]), "boss")


def test_an_owner_who_gave_its_privileges_up_cannot_read_its_own_table():
    assert ("select", "app.t") not in lines(objects([], [table("app.t", [])]), "boss")


POLICY = {"name": "own rows", "command": "r", "permissive": True, "roles": [""]}


def test_row_security_narrows_reading_refuses_inserting_without_a_policy_and_spares_owners():
    relations = [table("app.t", ["agent=ar/boss", "boss=arwdDxtm/boss"], row_security=True, policies=[POLICY])]
    found = lines(objects([role("agent")], relations), "agent")
    assert found["select", "app.t"].but == ("only rows that pass `own rows`",)
    assert ("insert", "app.t") not in found
    assert lines(objects([role("agent")], relations), "boss")["insert", "app.t"].but == ()


def test_inserting_through_a_policy_depends_on_the_row():
    policies = [{**POLICY, "command": "a"}]
    held = objects([role("agent")], [table("app.t", ["agent=a/boss"], row_security=True, policies=policies)])
    assert lines(held, "agent")["insert", "app.t"].decision is Effect.DEPENDS
    answer = SYSTEM.decides(held, f"{CONNECTION}/agent", "insert", "app.t")
    assert (answer.is_allowed, answer.depends_on) == (False, ("row security",))


def test_an_insert_that_leaves_a_serial_column_out_needs_its_sequence():
    sequence = table("app.t_a_seq", ["boss=rwU/boss"], {}, kind="sequence", used_by=[{"schema": "app", "table": "t", "column": "a"}])
    held = objects([role("agent")], [table("app.t", ["agent=a/boss"]), sequence])
    assert SYSTEM.decides(held, f"{CONNECTION}/agent", "insert", "app.t", ["a", "b"]).is_allowed
    assert not SYSTEM.decides(held, f"{CONNECTION}/agent", "insert", "app.t", ["b"]).is_allowed
    assert SYSTEM.decides(held, f"{CONNECTION}/agent", "insert", "app.t").depends_on == ("columns",)


def test_what_every_role_has_through_public_on_functions_is_left_out_but_not_lent_privileges():
    functions = [
        {"schema": "app", "name": name, "arguments": "", "owner": "boss", "acl": None, "security_definer": lends}
        for name, lends in (("plain", False), ("elevated", True))
    ]
    found = lines(objects([role("agent")], functions=functions), "agent")
    assert list(found) == [("execute", "function/app.elevated()")]


def test_what_could_not_be_read_is_told_and_never_counted_as_absent():
    held = [*objects([role("agent")]), native(CONNECTION, "self", {"side": "read", "role": "r", "unread": [["pg_auth_members", "denied"]]})]
    found = next(iter(SYSTEM.access(held, [f"{CONNECTION}/agent"])))
    assert [(gap.place, gap.why) for gap in found.unread] == [("pg_auth_members", "denied")]
    proposal = SYSTEM.narrow(held, f"{CONNECTION}/agent", (), "x")
    assert proposal.steps == ()
    assert "not everything could be read" in proposal.residue[0]


def test_an_access_control_list_that_is_not_understood_gives_nothing_and_is_told():
    found = next(iter(SYSTEM.access(objects([role("agent")], [table("app.t", ["agent=rZ/boss"])]), [f"{CONNECTION}/agent"])))
    assert found.access == ()
    assert found.unread[0].place == "app.t"


@pytest.mark.parametrize(
    ("action", "resource", "is_allowed"),
    [
        ("SELECT", "app.t", True),
        ("select", "app.missing", False),
        ("select", "*", False),
        ("update", "app.t", False),
        ("grant", "app.t", False),
        ("create", "app.new_table", False),
        ("set", "role/a", True),
        ("set", "role/postgres", False),
        ("member", "role/a", True),
        ("admin", "role/a", False),
        ("createrole", "role/*", False),
        ("bewitch", "app.t", False),
        ("connect", "database/fin", True),
    ],
)
def test_single_questions_are_answered(action: str, resource: str, is_allowed: bool):
    held = world([role("agent"), role("a")], [table("app.t", ["agent=r/boss"])], [member("a", "agent")])
    assert verdict_of(held, "agent", action, resource).is_allowed is is_allowed
    assert verdict_of(held, "postgres", action, resource).is_allowed


def test_a_question_without_columns_depends_on_them_where_only_some_are_granted():
    held = world([role("agent")], [table("app.t", [], {"a": ["agent=r/boss"], "b": None})])
    assert verdict_of(held, "agent", "select", "app.t").depends_on == ("columns",)
    assert verdict_of(held, "agent", "select", "app.t", ["a"]).is_allowed
    assert not verdict_of(held, "agent", "select", "app.t", ["a", "b"]).is_allowed


def test_before_version_16_the_attribute_of_the_member_decides_about_inheriting():
    dump = objects([role("agent", inherit=False), role("a")], [table("app.t", ["a=r/boss"])], [member("a", "agent", inherit=True)])
    old = [native(CONNECTION, item.kind, {**item.body, "version": 150000}) if item.kind == "pg:database" else item for item in dump]
    assert lines(old, "agent")["select", "app.t"].because[0].text == "`agent` may SET ROLE to `a`"
    assert lines(dump, "agent")["select", "app.t"].because[0].text == "`agent` inherits from `a`"


@pytest.mark.parametrize(
    ("action", "resource", "may_concern"),
    [
        ("select", "app.t", True),
        ("select", '"HR"."a/b"', True),
        ("select", "schema/app", False),
        ("execute", "app.t", False),
        ("execute", "function/app.f()", True),
        ("member", "role/a", True),
        ("own", "role/a", False),
        ("anything", "role/a", True),
    ],
)
def test_an_action_concerns_resources_of_its_own_class(action: str, resource: str, may_concern: bool):
    assert SYSTEM.concerns(action, resource) is may_concern


def test_an_action_that_is_not_in_the_table_administers():
    assert SYSTEM.vocabulary().verb_of("REASSIGN OWNED") is Verb.ADMINISTER
    assert SYSTEM.vocabulary().verb_of("Select") is Verb.READ


@pytest.mark.parametrize(
    ("name", "comment", "is_person"),
    [
        ("dana@example.com", "", True),
        ("dana", "person: Dana Hill", True),
        ("dana", "personal login of Dana", True),
        ("yuki_devries", "Yuki deVries, database developer <yuki.devries@example.com>", True),
        ("dana", "Dana Hill <dana@example.com>", True),
        ("reporting", "contact: reporting@example.com", False),
        ("svc_bills", "of Dana Hill <dana.hill@example.com>", False),
        ("agent", "service account, owner: dana@example.com", False),
        ("dana.hill", "", True),
        ("dana.hill", "service account", False),
        ("reports.prod", "", False),
        ("agent", "not a person", False),
        ("agent", "", False),
    ],
)
def test_a_persons_login_is_told_by_name_or_comment(name: str, comment: str, is_person: bool):
    found = {item.ref: item for item in SYSTEM.principals(objects([role(name, comment=comment, valid_until="2027-01-01T00:00:00Z")]))}
    person = found[f"{CONNECTION}/{name}"]
    assert (person.person is not None) is is_person
    assert person.expires is not None
    assert person.expires.text == "2027-01-01T00:00:00Z"
    proposal = SYSTEM.stop(objects([role(name, comment=comment)]), f"{CONNECTION}/{name}", (), "x")
    assert bool(proposal.steps) is not is_person


def test_an_owner_is_taken_from_the_comment():
    held = objects([role("agent", comment="Triage. Owner: dana@example.com, since May")])
    owner = {item.ref: item.owner for item in SYSTEM.principals(held)}[f"{CONNECTION}/agent"]
    assert owner is not None
    assert owner.text == "dana@example.com"


def test_superusers_predefined_roles_and_remits_own_are_never_changed():
    held = [
        *objects([role("remit_read"), role("remit_write")]),
        *(native(CONNECTION, "self", {"side": s, "role": f"remit_{s}"}) for s in ("read", "write")),
    ]
    found = {item.ref: item for item in SYSTEM.principals(held)}
    assert found[f"{CONNECTION}/remit_write"].is_own
    assert found[f"{CONNECTION}/postgres"].is_protected
    assert found[f"{CONNECTION}/pg_read_all_data"].is_protected
    for name in ("remit_read", "remit_write", "postgres", "pg_read_all_data"):
        for proposal in (SYSTEM.stop(held, f"{CONNECTION}/{name}", (), "x"), SYSTEM.narrow(held, f"{CONNECTION}/{name}", (), "x")):
            assert proposal.steps == ()
            assert "left as it is" in proposal.residue[0]


def test_whoever_may_become_a_stopped_role_is_named():
    proposal = SYSTEM.stop(objects([role("agent"), role("app")], memberships=[member("agent", "app")]), f"{CONNECTION}/agent", (), "x")
    assert [step.target for step in proposal.steps] == ["role/agent login"]
    assert "`app` may SET ROLE to agent" in proposal.residue[0]
