"""The same agent seen more than once."""

from __future__ import annotations

from tests.unit.discover.evidence import agent, at

from remit.discover.merge import merged
from remit.model.agent import AgentKind
from remit.model.evidence import GapKind, Role
from remit.model.place import Confidence


def test_one_construct_seen_twice_is_one_agent_and_knows_what_either_knew():
    (one,), gaps = merged(
        [agent("a.py:3", "x", tools=None), agent("a.py:3", None, model="m", tools=("t",), purpose="p", purpose_place=at("a.py:4"))]
    )
    assert (one.seen.name, one.seen.model, one.seen.tools, one.seen.purpose_place) == ("x", "m", ("t",), at("a.py:4"))
    assert gaps == []


def test_two_names_at_one_line_are_two_agents():
    agents, _ = merged([agent("flow.json:1", "x"), agent("flow.json:1", "y")])
    assert [one.seen.name for one in agents] == ["x", "y"]


def test_a_definition_fills_the_code_that_names_it_and_is_no_agent_of_its_own():
    key = "crewai:agents.yaml#r"
    definition = agent("agents.yaml:1", "Researcher", role=Role.DEFINITION, model="from-yaml", purpose="Search.", key=key)
    code = [agent("a.py:5", None, model="from-code", key=key), agent("b.py:5", None, key=key)]
    agents, _ = merged([definition, *code])
    assert [(one.seen.place.path, one.seen.name, one.seen.model) for one in agents] == [
        ("a.py", "Researcher", "from-code"),
        ("b.py", "Researcher", "from-yaml"),
    ]
    assert at("agents.yaml:1") in agents[0].places


def test_a_definition_that_no_code_names_is_an_agent_that_is_likely():
    (one,), _ = merged([agent("agents.yaml:1", "Researcher", role=Role.DEFINITION, key="crewai:agents.yaml#r")])
    assert one.seen.confidence is Confidence.LIKELY


def test_a_deployment_makes_its_agent_production_and_keeps_the_name_of_the_code():
    deployment = agent("compose.yaml:2", "service", role=Role.DEPLOYMENT, key="file:app/main.py")
    (one,), gaps = merged([agent("app/main.py:9", "Helper"), deployment])
    assert (one.seen.name, one.seen.kind) == ("Helper", AgentKind.PRODUCTION)
    assert one.places == (at("app/main.py:9"), at("compose.yaml:2"))
    assert gaps == []


def test_a_deployment_names_one_agent_of_a_file_by_its_variable():
    deployment = agent("langgraph.json:2", None, role=Role.DEPLOYMENT, key="file:a.py#second")
    agents, _ = merged([agent("a.py:1", None, aliases=("first",)), agent("a.py:9", None, aliases=("second",)), deployment])
    assert [len(one.places) for one in agents] == [1, 2]


def test_a_deployment_of_a_folder_is_about_the_agents_in_it_and_not_about_tests():
    deployment = agent("compose.yaml:2", None, role=Role.DEPLOYMENT, key="dir:app")
    agents, _ = merged([agent("app/a.py:1"), agent("application/b.py:1"), agent("app/tests/c.py:1", is_test=True), deployment])
    assert [one.seen.place.path for one in agents if len(one.places) == 2] == ["app/a.py"]


def test_a_deployment_of_a_folder_with_very_many_agents_says_nothing_about_each():
    deployment = agent("compose.yaml:2", None, role=Role.DEPLOYMENT, key="dir:app", confidence=Confidence.LIKELY)
    agents, gaps = merged([*(agent(f"app/a{number}.py:1") for number in range(30)), deployment])
    assert all(one.seen.kind is None for one in agents)
    assert [(gap.kind, gap.is_file) for gap in gaps] == [(GapKind.UNRESOLVED, False)]


def test_a_deployment_alone_is_an_agent_only_when_it_is_certain_to_be_one():
    (one,), gaps = merged(
        [agent("k.yaml:1", "a", role=Role.DEPLOYMENT), agent("k.yaml:9", "b", role=Role.DEPLOYMENT, confidence=Confidence.LIKELY)]
    )
    assert (one.seen.name, one.seen.kind) == ("a", AgentKind.PRODUCTION)
    assert [gap.place for gap in gaps] == [at("k.yaml:9")]


def test_a_compiled_copy_is_the_same_agent():
    agents, _ = merged([agent("w/a.md:1", "A"), agent("w/a.lock.yml:20", "A"), agent("w/b.lock.yml:20", "B")])
    assert [one.seen.place.path for one in agents] == ["w/a.md", "w/b.lock.yml"]


def test_groups_and_instructions_are_no_agents_and_a_group_is_a_place_of_its_members():
    group = agent("a.py:9", "team", role=Role.GROUPING, delegates_to=("writer",))
    agents, _ = merged(
        [agent("a.py:1", "W", aliases=("writer",)), agent("a.py:3", "R"), group, agent("AGENTS.md:1", role=Role.INSTRUCTIONS)]
    )
    assert [(one.seen.name, len(one.places)) for one in agents] == [("W", 2), ("R", 1)]


def test_a_deployment_that_runs_a_file_is_about_the_agents_of_that_file():
    code = [agent("src/agents/costs/triage.py:9", "Helper"), agent("src/agents/other.py:9", "Other")]
    for key in ("runs:agents/costs/triage.py", "runs:app/src/agents/costs/triage.py", "runs:src/agents/costs/triage.py"):
        (one, other), gaps = merged([*code, agent("k.yaml:1", "job", role=Role.DEPLOYMENT, key=key, confidence=Confidence.LIKELY)])
        assert (one.seen.kind, other.seen.kind, gaps) == (AgentKind.PRODUCTION, None, [])


def test_a_deployment_that_could_run_either_of_two_files_is_unresolved():
    code = [agent("a/main.py:9", "A"), agent("b/main.py:9", "B")]
    agents, gaps = merged([*code, agent("k.yaml:1", "job", role=Role.DEPLOYMENT, key="runs:main.py", confidence=Confidence.LIKELY)])
    assert [one.seen.kind for one in agents] == [None, None]
    assert [gap.kind for gap in gaps] == [GapKind.UNRESOLVED]


def test_a_deployment_with_the_name_of_one_agent_is_about_it():
    deployment = agent("k.yaml:1", "cost-triage", role=Role.DEPLOYMENT, key="image:x", confidence=Confidence.LIKELY)
    (one,), gaps = merged([agent("a.py:9", "Cost triage"), deployment])
    assert (one.seen.kind, gaps) == (AgentKind.PRODUCTION, [])


def test_a_deployment_with_the_name_of_two_agents_is_about_neither():
    deployment = agent("k.yaml:1", "helper", role=Role.DEPLOYMENT, confidence=Confidence.LIKELY)
    agents, gaps = merged([agent("a.py:9", "helper"), agent("b.py:9", "helper"), deployment])
    assert [one.seen.kind for one in agents] == [None, None]
    assert len(gaps) == 1
