"""A remit as an IAM policy; that it decides as the remit does is tried by the system kit."""

from __future__ import annotations

import json
from typing import Any

from remit.document.parse import parse_or_raise
from remit.model.native import Native
from remit.systems.aws.compile import policies
from remit.systems.aws.evaluate import evaluate_case

HEAD = """
remit: 1
agent: cost-triage
purpose: Explain anomalies.
owner: {contact: dana@example.com}
objectives:
  explain-it:
    why: Somebody must.
    can:
"""


def compiled(can: str, more: str = "") -> Native:
    return policies(parse_or_raise(HEAD + "".join(f"      - {line}\n" for line in can.strip().splitlines()) + more, "r.yaml"))


def statements(native: Native) -> list[dict[str, Any]]:
    return list(json.loads(native.text)["Statement"])


def is_allowed(native: Native, action: str, resource: str, now: str = "2026-05-01T00:00:00Z") -> bool:
    request = {
        "principal": "arn:aws:iam::111122223333:role/x",
        "action": action,
        "resource": resource,
        "resource_account": "111122223333",
        "context": {"aws:CurrentTime": [now]},
    }
    return evaluate_case({"request": request, "identity_policies": [json.loads(native.text)]}, json.loads).is_allowed


def test_a_line_becomes_the_actions_of_its_verb_that_are_about_its_resource():
    native = compiled('{create: aws:s3, resource: "arn:aws:s3:::reports/*"}\n{list: aws:s3, resource: "arn:aws:s3:::reports"}')
    write, look = statements(native)
    assert "s3:PutObject" in write["Action"]
    assert "s3:CreateBucket" not in write["Action"]
    assert "s3:ListBucket" in look["Action"]
    assert native.residue == ()


def test_any_is_the_whole_service_and_a_never_takes_from_it():
    native = compiled('{any: aws:s3, resource: "arn:aws:s3:::mine*"}', 'never:\n  - {delete: "*"}\n  - {any: aws:iam}\n')
    assert is_allowed(native, "s3:PutObject", "arn:aws:s3:::mine/a")
    assert not is_allowed(native, "s3:DeleteObject", "arn:aws:s3:::mine/a")
    assert not is_allowed(native, "s3:GetObject", "arn:aws:s3:::yours/a")


def test_what_no_table_has_is_administered_and_forbidden_with_it():
    line = '{any: aws:s3, resource: "arn:aws:s3:::mine*"}'
    assert is_allowed(compiled(line), "s3:MakeCoffee", "arn:aws:s3:::mine")
    assert not is_allowed(compiled(line, "never:\n  - {administer: aws:s3}\n"), "s3:MakeCoffee", "arn:aws:s3:::mine")


def test_the_policy_ends_with_the_remit():
    native = compiled('{read: aws:s3, resource: "*"}', "lifecycle: {expires: 2027-02-28}\n")
    assert is_allowed(native, "s3:GetObject", "arn:aws:s3:::b/k", "2027-02-28T23:59:59Z")
    assert not is_allowed(native, "s3:GetObject", "arn:aws:s3:::b/k", "2027-03-01T00:00:00Z")


def test_a_question_mark_and_a_dollar_in_a_resource_are_plain_text():
    native = compiled('{read: aws:s3, resource: "arn:aws:s3:::b/what?/${aws:username}"}')
    assert is_allowed(native, "s3:GetObject", "arn:aws:s3:::b/what?/${aws:username}")
    assert not is_allowed(native, "s3:GetObject", "arn:aws:s3:::b/whatX/${aws:username}")


def test_what_a_policy_cannot_say_is_residue_with_its_line():
    native = compiled(
        """
{read: aws:s3, resource: "arn:aws:s3:::b/*", where: {key: "a*"}}
{read: aws:s3, resource: reports}
{read: aws:s3, resource: "*", data_class: personal}
{read: aws:coffee, resource: "*"}
{pay: aws:s3, resource: "*"}
{read: postgres:finops, resource: "*"}
""",
        'never:\n  - {transmit: "*", outside: [example.com]}\n  - {read: aws:s3, where: {key: b}}\nlimits: {calls: 1/hour}\nmode: ask\n',
    )
    assert statements(native) == []
    assert [part.rule for part in native.residue] == [
        *(f"objectives.explain-it.can[{number}]" for number in range(5)),
        "never[0]",
        "never[1]",
        "limits.calls",
        "mode",
    ]
    assert all(part.why for part in native.residue)
    assert [part.line for part in native.residue[:2]] == [10, 11]
