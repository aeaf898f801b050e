"""AWS's rules of access against answered cases, and the narrowing of policies against what such a narrowing must never do.

`answered.jsonl.gz`: 800 cases of every kind of policy, decided by an engine of others' making where a second reading of AWS's guide agrees.
`minimise.jsonl.gz`: 150 policies with what is used, in its context, what is needed and what is forbidden; judged here, not answered.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from remit.model.access import NativeObject
from remit.model.alignment import AlignmentLine, Class
from remit.systems.aws.evaluate import evaluate_case
from remit.systems.aws.minimise import ROLE_LIMIT, narrow
from remit.systems.aws.pattern import matches
from remit.systems.aws.writing import size_of

CASES = Path(__file__).parent.parent / "cases/aws"
ROLE = "arn:aws:iam::111122223333:role/agents/cost-triage"


def lines(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(CASES / name, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def test_every_answered_case_is_decided_as_answered():
    wrong, false_allows = [], []
    cases = list(lines("answered.jsonl.gz"))
    for case in cases:
        verdict = evaluate_case(case, load=json.loads)
        got = {"decision": "allow" if verdict.is_allowed else "deny", "explicit": verdict.is_explicit}
        if got != case["expected"]:
            wrong.append((case["id"], got, case["expected"], verdict.because))
        if verdict.is_allowed and case["expected"]["decision"] == "deny":
            false_allows.append(case["id"])
    assert len(cases) == 800
    assert false_allows == []
    assert wrong == []


def role_with(policy: Mapping[str, Any]) -> NativeObject:
    inline = {"PolicyName": "given", "PolicyDocument": policy, "PolicyText": json.dumps(policy)}
    body = {
        "Arn": ROLE,
        "RoleName": "cost-triage",
        "InlinePolicies": [inline],
        "AttachedPolicies": [],
        "PermissionsBoundary": None,
        "Tags": {},
    }
    return NativeObject(connection="aws:main", kind="iam:role", id=ROLE, body=body)


def is_allowed(policy: str | None, asked: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    request = {
        "principal": ROLE,
        "action": asked["action"],
        "resource": asked["resource"],
        "resource_account": "111122223333",
        "context": context,
    }
    return evaluate_case({"request": request, "identity_policies": [policy] if policy else []}, load=json.loads).is_allowed


@pytest.mark.parametrize("part", range(5))
def test_a_narrowed_policy_keeps_what_is_used_and_allows_nothing_new(part: int):
    cases = list(lines("minimise.jsonl.gz"))
    everything = [asked for case in cases for asked in (*case["used"], *case["needed"], *case["forbidden"])]
    chance = random.Random(part)
    needless = left = 0
    for case in cases[part::5]:
        keep = list(dict.fromkeys((asked["action"], asked["resource"]) for asked in (*case["used"], *case["needed"])))
        wanted = [
            AlignmentLine(
                principal=ROLE, system=f"aws:{action.split(':')[0]}", action=action, resource=on, class_=Class.NEEDED_USED, why="used"
            )
            for action, on in keep
        ]
        before = json.dumps(case["policy"])
        steps = narrow([role_with(case["policy"])], ROLE, wanted, "x").steps
        after = steps[0].after if steps else before
        assert len(steps) <= 1
        assert size_of(after or "") <= ROLE_LIMIT
        for used in case["used"]:
            assert is_allowed(after, used, used["context"]) >= is_allowed(before, used, used["context"]), (case["id"], used)
        contexts = [{}, *(used["context"] for used in case["used"][:5])]
        for asked in chance.sample(everything, 60):
            context = chance.choice(contexts)
            was, is_now = is_allowed(before, asked, context), is_allowed(after, asked, context)
            assert is_now <= was, (case["id"], asked)
            if was and not any(matches(action.lower(), asked["action"].lower()) and matches(on, asked["resource"]) for action, on in keep):
                needless += 1
                left += is_now
    assert needless > 300
    assert left <= needless / 100
