"""The judge judged: what an estate says of itself holds on its live servers, and in the files that it wrote."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.estate import checks, faults, history, live, remits, score
from tests.estate.company import company, purposes
from tests.estate.generate import Estate, build
from tests.estate.truth import UNNEEDED, Agent, Company

SEED = 11


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with build(SEED, tmp_path_factory.mktemp("estate"), set(faults.ALL)) as running:
        yield running


NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_the_same_seed_makes_the_same_organisation() -> None:
    for seed in range(20):
        one, two = company(seed, None, NOW), company(seed, None, NOW)
        assert repr(one) == repr(two)


def test_organisations_differ_and_each_has_agents_in_many_forms() -> None:
    made = [company(seed, set()) for seed in range(20)]
    assert len({one.name for one in made}) == 20
    for one in made:
        assert 8 <= len(one.agents) <= 12
        assert len({agent.form for agent in one.agents}) >= 6
        assert all(agent.owner is not None for agent in one.agents)
        assert not one.faults
    assert {agent.form for one in made for agent in one.agents} >= {
        "bedrock",
        "crewai",
        "mastra",
        "claude-subagent",
        "claude-sdk",
        "notebook",
    }


def test_each_fault_can_be_planted_at_each_seed_alone_and_together() -> None:
    for seed in range(60):
        assert {fault.rule for fault in company(seed, set(faults.ALL)).faults} == faults.ALL
        for rule in faults.ALL:
            assert [fault.rule for fault in company(seed, {rule}).faults] == [rule]


def test_agents_can_do_what_the_truth_says_is_granted_and_nothing_that_it_says_is_not(estate: Estate) -> None:
    wrong, tried = [], 0
    for agent in estate.agents():
        expected = {(doing.op, doing.on): live.ALLOWED if doing.is_granted else live.DENIED for doing in agent.doings}
        expected |= {(doing.op, doing.on): live.ALLOWED for doing in [*agent.probes, *agent.stray]}
        got = live.tried(estate, agent, [*agent.doings, *agent.probes, *agent.stray])
        tried += sum(1 for value in got.values() if value != live.UNTRIED)
        wrong += [(agent.slug, key, value) for key, value in got.items() if value not in {expected[key], live.UNTRIED}]
    assert wrong == []
    assert tried > 40


def test_pictures_of_both_systems_are_the_same_twice(estate: Estate) -> None:
    assert live.policies(estate) == live.policies(estate)
    assert live.privileges(estate) == live.privileges(estate)


def test_pictures_show_the_texts_as_they_were_written(estate: Estate) -> None:
    found = live.policies(estate)
    inline = [(agent, name, document) for agent in estate.agents() if agent.aws for name, document in agent.aws.inline.items()]
    assert inline
    for agent, name, document in inline:
        assert agent.aws is not None
        text = found[agent.aws.arn]["inline"][name]
        assert isinstance(text, str)
        assert json.loads(text) == document


def test_the_trail_covers_ninety_days_up_to_now(estate: Estate) -> None:
    s3 = estate.cloud.client("s3")
    keys = [
        item["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=estate.company.trail_bucket)
        for item in page["Contents"]
    ]
    times = []
    for key in keys:
        if "/CloudTrail/" in key and "broken" not in key:
            records = json.loads(gzip.decompress(s3.get_object(Bucket=estate.company.trail_bucket, Key=key)["Body"].read()))["Records"]
            times += [record["eventTime"] for record in records if isinstance(record, dict) and len(str(record.get("eventTime"))) == 20]
    assert len(times) > estate.trail_records
    assert max(times) <= estate.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len({moment[:10] for moment in times}) >= 89


def test_every_agent_but_the_dormant_was_at_work_within_a_day(estate: Estate) -> None:
    dormant = {fault.agents[0] for fault in estate.company.faults if fault.rule == faults.DORMANT}
    last = {one.agent.slug: one.at for one in history.happened(estate.company, estate.now)}
    for agent in estate.agents():
        if not agent.copy_of:
            assert ((estate.now - last[agent.slug]).days > 50) == (agent.slug in dormant), agent.slug


def test_every_identity_of_a_lively_agent_was_used_lately() -> None:
    for seed in range(30):
        for agent in company(seed, set()).agents:
            for system, identity in (("aws", agent.aws), ("postgres", agent.database)):
                used = [doing for doing in agent.doings if doing.system == system and doing.is_used]
                assert identity is None or used, (seed, agent.slug, system)


def test_hand_written_remits_of_five_seeds_are_the_committed_ones() -> None:
    for seed in remits.SEEDS:
        committed = {path.name: path.read_text(encoding="utf-8") for path in (remits.FOLDER / str(seed)).glob("*.yaml")}
        assert committed == remits.files(seed)


def _covered(agent: Agent, text: str) -> list[tuple[str, str]]:
    hand = score.capabilities(text)
    return [
        (doing.op, doing.resource)
        for doing in agent.doings
        if not any(system.startswith(doing.system) and score.contains(resource, doing.resource) for _, system, resource in hand)
    ]


def test_every_need_in_the_truth_stands_in_the_remit_and_nothing_outside_does() -> None:
    for seed in range(30):
        made = company(seed, set(faults.ALL))
        for agent in made.agents:
            text = remits.remit(made, agent)
            assert _covered(agent, text) == [], (seed, agent.slug)
            for stray in [*agent.stray, *agent.probes]:
                same = [line for line in score.capabilities(text) if score.contains(line[2], stray.resource)]
                assert not [line for line in same if line[0] in _verbs(stray.op)], (seed, agent.slug, stray)


def _verbs(op: str) -> set[str]:
    name = op.split(".")[1]
    known = {"get": {"read"}, "put": {"create", "update"}, "delete": {"delete"}, "scan": {"read"}, "purge": {"delete"}, "list": {"list"}}
    return known.get(name) or {"select": {"read"}, "insert": {"create"}, "update": {"update"}}[name]


def test_each_purpose_says_the_same_in_its_prompt_its_tools_and_its_remit() -> None:
    for purpose in purposes().values():
        named = {word.strip("$") for tool in purpose["tools"] for word in str(tool["at"]).split("/") if word.startswith("$")}
        for word in named:
            assert f"${word}" in purpose["remit"], (purpose["id"], word)
            assert f"${word}" in purpose["prompt"] or word == "modelid", (purpose["id"], word)


def test_a_score_counts_what_lies_within_and_misses_what_does_not() -> None:
    def remit(*lines: str) -> str:
        return yaml.safe_dump({"objectives": {"one": {"why": "w", "can": [yaml.safe_load(line) for line in lines]}}})

    hand = remit('{read: "aws:s3", resource: "arn:aws:s3:::b/in/*"}', '{create: "postgres:x", resource: "s.t"}')
    same = score.score(hand, hand)
    assert (same.precision, same.recall) == (1.0, 1.0)
    part = score.score(remit('{read: "aws:s3", resource: "arn:aws:s3:::b/in/*.json"}', '{read: "postgres:x", resource: "s.t"}'), hand)
    assert (part.precision, part.recall) == (0.5, 0.5)
    wide = score.score(remit('{read: "aws:s3", resource: "*"}'), hand)
    assert (wide.precision, wide.recall) == (0.0, 0.0)


def test_the_tree_holds_what_the_configuration_of_each_agent_needs(estate: Estate) -> None:
    for agent in estate.agents():
        text = "\n".join(path.read_text(encoding="utf-8") for path in Path(estate.code / agent.folder).rglob("*") if path.is_file())
        if agent.aws is not None and agent.aws.key_id:
            assert agent.aws.key_id in text, agent.slug
        elif agent.aws is not None:
            assert agent.aws.arn in text or f'"{agent.aws.name}"' in text, agent.slug
        if agent.database is not None:
            assert agent.database.role in text, agent.slug


def _right_answer(made: Company) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a product would say that sees everything: `agents` and `findings`."""
    agents = [
        {
            "id": f"agent:{agent.slug}",
            "owner": None,
            "owner_candidates": [{"name": agent.owner.mail, "because": "x"}] if agent.owner else [],
            "identities": [{"ref": ref} for ref in agent.identities(made.connection)],
            "places": [(agent.place or f"{agent.folder}/main.py") + ":1"],
        }
        for agent in made.agents
    ]
    found = [
        {
            "rule": min(checks.RULES[fault.rule]),
            "agent": f"agent:{fault.agents[0]}",
            "state": "open",
            "evidence": list(fault.evidence) or ["x"],
        }
        for fault in made.faults
    ]
    return {"agents": agents}, {"findings": found}


def test_a_right_answer_has_no_difference_and_each_wrong_one_has() -> None:
    made = company(SEED, set(faults.ALL))
    for agent in made.agents:
        agent.place = f"{agent.folder}/main.tf" if agent.form == "bedrock" else ""
    agents, found = _right_answer(made)
    assert checks.identities(made, agents) == checks.owners(made, agents) == checks.findings(made, agents, found) == []

    assert len(checks.matched(made, {"agents": agents["agents"][1:]})[1]) == 1
    stranger = agents["agents"][0] | {"id": "agent:stranger", "places": ["libs/monitoring/agent.py:4"]}
    assert len(checks.matched(made, {"agents": [*agents["agents"], stranger]})[1]) == 1

    bare = {"agents": [{**one, "identities": [], "owner_candidates": []} for one in agents["agents"]]}
    originals = [agent for agent in made.agents if not agent.copy_of]
    assert len(checks.identities(made, bare)) == len(originals)
    assert len(checks.owners(made, bare)) == len([agent for agent in made.agents if agent.owner])

    for number, fault in enumerate(made.faults):
        less = {"findings": [one for at, one in enumerate(found["findings"]) if at != number]}
        assert checks.findings(made, agents, less) == [f"not found: {fault.rule} of {' or '.join(fault.agents)}, {fault.evidence}"]
    false = {"rule": "no-owner", "agent": agents["agents"][0]["id"], "state": "open", "evidence": ["x"]}
    assert len(checks.findings(made, agents, {"findings": [*found["findings"], false]})) == 1
    closed = {"findings": [{**one, "state": "closed"} for one in found["findings"]]}
    assert len(checks.findings(made, agents, closed)) == len(made.faults)


def test_alignment_needs_each_row_in_its_class() -> None:
    made = company(SEED, set(faults.ALL))
    for agent in made.agents:
        rows = [
            {
                "system": f"postgres:{made.connection}" if line.system == "postgres" else f"aws:{line.action.split(':')[0]}",
                "action": line.action, "resource": line.resource, "class": line.class_,
            }
            for line in made.lines(agent)
        ]  # fmt: skip
        assert checks.alignment(made, agent, {"alignment": rows}) == []
        for row in rows:
            others = [one for one in rows if one != row]
            assert len(checks.alignment(made, agent, {"alignment": others})) >= 1
            turned = [*others, row | {"class": UNNEEDED if row["class"] != UNNEEDED else "needed_used"}]
            assert checks.alignment(made, agent, {"alignment": turned}) != []
