"""What belongs to which agent."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.discover.evidence import action, at, call, credential, identity, owner, sighting

from remit.discover import bind
from remit.model.agent import AgentKind
from remit.model.place import Confidence


def test_an_identity_belongs_to_its_subject_alone_and_without_one_to_every_agent_of_the_file():
    agents = [sighting("a.tf:1-9", "one"), sighting("a.tf:20-30", "two"), sighting("b.tf:1", "three")]
    seen = [
        identity("a.tf:4", "aws:role/one", subject=at("a.tf:1")),
        identity("a.tf:25", "aws:role/two", subject=at("a.tf:22")),
        identity("a.tf:40", "aws:role/all"),
        identity("c.tf:1", "aws:role/none"),
    ]
    refs = [[binding.ref for binding in bindings] for bindings in bind.identities(agents, seen)]
    assert refs == [["aws:role/one", "aws:role/all"], ["aws:role/two", "aws:role/all"], []]


def test_an_identity_seen_twice_is_one_binding_with_both_places_and_the_surest_confidence():
    seen = [
        identity("a.py:1", "aws:role/x", confidence=Confidence.POSSIBLE),
        identity("a.py:5", "aws:role/x", confidence=Confidence.LIKELY),
    ]
    ((binding,),) = bind.identities([sighting("a.py:1", "one")], seen)
    assert ([because.place for because in binding.because], binding.confidence) == ([at("a.py:1"), at("a.py:5")], Confidence.LIKELY)


def test_a_credential_is_named_once_at_its_first_place():
    ((one,),) = bind.credentials(
        [sighting("a.py:1", "one")], [credential("a.py:2", "T"), credential("a.py:7", "T"), credential("b.py:1", "U")]
    )
    assert (one.name, one.place) == ("T", at("a.py:2"))


def _actions(seen, calls, actions) -> list[str]:
    return [str(found.because) for found in bind.Reach(calls, actions).of(seen)]


def test_an_agent_does_what_its_tools_and_what_they_call_would_do():
    agent = sighting("a.py:50", "x", tools=("fetch",), tool_places=(("fetch", "tools.py", 3),))
    calls = [call("tools.py:4", "fetch", "deep.py", "inner"), call("deep.py:9", "inner", "tools.py", "fetch")]
    actions = [
        action("a.py:1", None, "s3:ListBuckets"),
        action("a.py:9", "unrelated", "s3:DeleteBucket"),
        action("tools.py:5", "fetch", "s3:GetObject"),
        action("tools.py:20", "other", "s3:PutObject"),
        action("deep.py:9", "inner", "sqs:SendMessage"),
    ]
    assert _actions(agent, calls, actions) == ["a.py:1", "deep.py:9", "tools.py:5"]


def test_a_tool_under_another_name_is_the_function_that_begins_next():
    agent = sighting("a.py:50", "x", tools=("nice_name",), tool_places=(("nice_name", "a.py", 10),))
    actions = [action("a.py:3", "before"), action("a.py:12", "real", "s3:PutObject"), action("a.py:30", "after", "s3:DeleteObject")]
    assert _actions(agent, [], actions) == ["a.py:12"]


def test_an_agent_whose_tools_are_not_known_may_do_what_its_file_does():
    agent = sighting("a.py:50", "x", tools=None)
    actions = [action("a.py:3", "one"), action("a.py:12", "Two.method", "s3:PutObject"), action("b.py:1", "elsewhere", "s3:DeleteObject")]
    assert _actions(agent, [call("a.py:60", None, "b.py", None)], actions) == ["a.py:3", "a.py:12"]


def test_reaching_a_class_reaches_what_is_defined_in_it():
    agent = sighting("a.py:1", "x", tools=("t",), tool_places=(("t", "a.py", 3),))
    actions = [action("b.py:4", "Store.save.write")]
    assert _actions(agent, [call("a.py:4", "t", "b.py", "Store")], actions) == ["b.py:4"]


def test_the_code_that_sets_a_managed_agent_up_is_not_the_agent():
    agent = sighting("a.py:50", "x", tools=None, kind=AgentKind.MANAGED)
    assert _actions(agent, [], [action("a.py:1", None), action("a.py:9", "setup")]) == []


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*", "src/"], ["src/"]),
        (["src/", "*"], ["*"]),
        (["*.py"], ["*.py"]),
        (["/a.py"], []),
        (["a.py"], ["a.py"]),
        (["src/*"], []),
        (["src/*/a.py"], ["src/*/a.py"]),
        (["src/**/a.py"], ["src/**/a.py"]),
        (["**/bots"], ["**/bots"]),
        (["bots/"], ["bots/"]),
        (["/bots/"], []),
        (["src/bots"], ["src/bots"]),
        (["src/bot"], []),
        (["?.py"], ["?.py"]),
    ],
)
def test_the_last_pattern_that_fits_names_the_owner(patterns: list[str], expected: list[str]):
    seen = [owner(f"CODEOWNERS:{number}", pattern, f"@{pattern}") for number, pattern in enumerate(patterns, start=1)]
    (candidates,) = bind.owner_candidates([sighting("src/bots/a.py:1", "x")], seen)
    assert [candidate.name[1:] for candidate in candidates] == expected


def test_a_line_without_owners_takes_the_path_out():
    seen = [owner("CODEOWNERS:1", "*", "@all"), owner("CODEOWNERS:2", "src/")]
    assert bind.owner_candidates([sighting("src/a.py:1", "x")], seen) == [()]


def test_a_tag_on_the_agent_stands_before_the_pattern():
    seen = [owner("CODEOWNERS:1", "*", "@all"), owner("a.tf:5", None, "finops", subject=at("a.tf:1"))]
    (candidates,) = bind.owner_candidates([sighting("a.tf:1", "x")], seen)
    assert [candidate.name for candidate in candidates] == ["finops", "@all"]


def test_a_tag_with_the_bare_name_of_a_team_names_the_team_and_nobody_to_ask():
    tag = msgspec.structs.replace(owner("a.tf:5", None, "finops", subject=at("a.tf:1")), is_team=True)
    seen = [owner("CODEOWNERS:1", "*", "@all"), tag]
    sightings = [sighting("a.tf:1", "x")]
    assert [candidate.name for candidate in bind.owner_candidates(sightings, seen)[0]] == ["@all"]
    assert [team.name for team in bind.teams(sightings, seen)[0]] == ["finops"]
