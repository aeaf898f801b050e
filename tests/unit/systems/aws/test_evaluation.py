"""Requests decided as AWS does, by the user guide's own rules; the many answered cases are in `tests/differential`."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.unit.systems.aws.iam_objects import ACCOUNT, arn, policy, statement

from remit.systems.aws.evaluate import evaluate_case

OBJECT = "arn:aws:s3:::exports/2026/a.csv"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
READ = policy(statement("s3:GetObject", "arn:aws:s3:::exports/*"))
EVERYTHING = policy(statement("*"))
OTHER = "444455556666"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/report/run-7"


def case(principal: str = arn("role/report"), action: str = "s3:GetObject", resource: str = OBJECT, **given: Any) -> dict[str, Any]:
    context = given.pop("context", {})
    request = {"principal": principal, "action": action, "resource": resource, "resource_account": ACCOUNT, "context": context}
    return {"id": "x", "request": request, "identity_policies": [], **given}


def decided(**given: Any) -> str:
    verdict = evaluate_case(case(**given), json.loads)
    return "allow" if verdict.is_allowed else "explicit" if verdict.is_explicit else "deny"


def bucket_policy(principal: Any, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return policy(statement("s3:*", "*", effect, Principal=principal, **more))


def limited(condition: Any, effect: str = "Allow") -> list[dict[str, Any]]:
    return [policy(statement("s3:GetObject", "*", effect, Condition=condition)), *([EVERYTHING] if effect == "Deny" else [])]


@pytest.mark.parametrize(
    ("what", "given", "expected"),
    [
        ("nothing allows", {}, "deny"),
        ("an identity policy allows", {"identity_policies": [READ]}, "allow"),
        ("a denial wins", {"identity_policies": [EVERYTHING, policy(statement("s3:Get*", effect="Deny"))]}, "explicit"),
        ("letter case of actions does not count", {"identity_policies": [policy(statement("S3:gETObject"))]}, "allow"),
        ("letter case of resources does", {"identity_policies": [policy(statement("s3:*", "arn:aws:s3:::EXPORTS/*"))]}, "deny"),
        ("NotAction leaves out", {"identity_policies": [policy(statement(None, NotAction="s3:Get*"))]}, "deny"),
        ("NotAction allows the rest", {"identity_policies": [policy(statement(None, NotAction="iam:*"))]}, "allow"),
        ("NotResource leaves out", {"identity_policies": [policy(statement("s3:*", None, NotResource="arn:aws:s3:::exports/*"))]}, "deny"),
        ("a boundary limits", {"identity_policies": [EVERYTHING], "permissions_boundary": policy(statement("ec2:*"))}, "deny"),
        ("a boundary gives nothing", {"permissions_boundary": EVERYTHING}, "deny"),
        (
            "a session policy limits",
            {"principal": SESSION, "identity_policies": [READ], "session_policies": [policy(statement("ec2:*"))]},
            "deny",
        ),
        ("every level of SCPs must allow", {"identity_policies": [READ], "service_control_policies": [[EVERYTHING], []]}, "deny"),
        ("one SCP of a level is enough", {"identity_policies": [READ], "service_control_policies": [[policy(), READ]]}, "allow"),
        ("an RCP need not allow", {"identity_policies": [READ], "resource_control_policies": [[policy()]]}, "allow"),
        (
            "roles of services are exempt from SCPs",
            {"principal": arn("role/aws-service-role/x.amazonaws.com/R"), "identity_policies": [READ], "service_control_policies": [[]]},
            "allow",
        ),
        ("an RCP denies", {"identity_policies": [READ], "resource_control_policies": [[bucket_policy("*", "Deny")]]}, "explicit"),
        ("a bucket's policy allows a role", {"resource_policy": bucket_policy({"AWS": arn("role/report")})}, "allow"),
        (
            "what it gives a role is limited",
            {"resource_policy": bucket_policy({"AWS": arn("role/report")}), "permissions_boundary": policy()},
            "deny",
        ),
        (
            "what it gives a session is not",
            {"principal": SESSION, "resource_policy": bucket_policy({"AWS": SESSION}), "permissions_boundary": policy()},
            "allow",
        ),
        (
            "what it gives a user is not",
            {"principal": arn("user/dana"), "resource_policy": bucket_policy({"AWS": arn("user/dana")}), "permissions_boundary": policy()},
            "allow",
        ),
        ("an account is left to its policies", {"resource_policy": bucket_policy({"AWS": ACCOUNT})}, "deny"),
        (
            "NotPrincipal with Deny spares who is named",
            {
                "principal": arn("user/dana"),
                "identity_policies": [READ],
                "resource_policy": bucket_policy(None, "Deny", NotPrincipal={"AWS": arn("user/dana")}),
            },
            "allow",
        ),
        (
            "NotPrincipal with Deny spares nobody who has a boundary",
            {
                "principal": arn("user/dana"),
                "identity_policies": [READ],
                "permissions_boundary": EVERYTHING,
                "resource_policy": bucket_policy(None, "Deny", NotPrincipal={"AWS": arn("user/dana")}),
            },
            "explicit",
        ),
        (
            "NotPrincipal with Allow gives nothing",
            {"resource_policy": bucket_policy(None, NotPrincipal={"AWS": arn("user/dana")})},
            "deny",
        ),
        (
            "across accounts both sides must allow",
            {"principal": f"arn:aws:iam::{OTHER}:role/r", "resource_policy": bucket_policy({"AWS": OTHER})},
            "deny",
        ),
        (
            "across accounts both sides allow",
            {"principal": f"arn:aws:iam::{OTHER}:role/r", "identity_policies": [READ], "resource_policy": bucket_policy({"AWS": OTHER})},
            "allow",
        ),
        ("a key needs its own policy", {"action": "kms:Decrypt", "resource": KEY, "identity_policies": [EVERYTHING]}, "deny"),
        (
            "a key's policy leaves it to the account",
            {
                "action": "kms:Decrypt",
                "resource": KEY,
                "identity_policies": [EVERYTHING],
                "resource_policy": policy(statement("kms:*", Principal={"AWS": arn("root")})),
            },
            "allow",
        ),
        (
            "a role needs its trust policy",
            {"action": "sts:AssumeRole", "resource": arn("role/target"), "identity_policies": [EVERYTHING]},
            "deny",
        ),
        (
            "a trust policy that names the requester is enough",
            {
                "action": "sts:AssumeRole",
                "resource": arn("role/target"),
                "resource_policy": policy(statement("sts:AssumeRole", None, Principal={"AWS": arn("role/report")})),
            },
            "allow",
        ),
        (
            "a service is allowed by the resource alone",
            {"principal": "sns.amazonaws.com", "resource_policy": bucket_policy({"Service": "sns.amazonaws.com"})},
            "allow",
        ),
        (
            "another service is not",
            {"principal": "sqs.amazonaws.com", "resource_policy": bucket_policy({"Service": "sns.amazonaws.com"})},
            "deny",
        ),
        (
            "a role's path is not needed to know its session",
            {"principal": SESSION, "resource_policy": bucket_policy({"AWS": arn("role/agents/report")})},
            "allow",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_is_decided_by_the_guide(what: str, given: dict[str, Any], expected: str):
    assert decided(**given) == expected, what


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"aws:username": "dana"}}, {"aws:UserName": ["dana"]}, "allow"),
        ({"StringEquals": {"aws:username": "dana"}}, {}, "deny"),
        ({"StringNotEquals": {"aws:username": "dana"}}, {}, "allow"),
        ({"StringEqualsIfExists": {"aws:username": "dana"}}, {}, "allow"),
        ({"StringEqualsIgnoreCase": {"k:x": "DANA"}}, {"k:x": ["dana"]}, "allow"),
        ({"StringLike": {"k:x": "d?n*"}}, {"k:x": ["dana"]}, "allow"),
        ({"StringEquals": {"k:x": "d?n*"}}, {"k:x": ["dana"]}, "deny"),
        ({"StringEquals": {"k:x": ["a", "b"]}}, {"k:x": ["b"]}, "allow"),
        ({"StringNotEquals": {"k:x": ["a", "b"]}}, {"k:x": ["b"]}, "deny"),
        ({"StringEquals": {"k:x": "a", "k:y": "b"}}, {"k:x": ["a"]}, "deny"),
        ({"Null": {"k:x": "true"}}, {}, "allow"),
        ({"Null": {"k:x": "false"}}, {}, "deny"),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": ["TRUE"]}, "allow"),
        ({"Bool": {"aws:SecureTransport": True}}, {"aws:SecureTransport": ["false"]}, "deny"),
        ({"NumericLessThan": {"k:n": "10"}}, {"k:n": ["9.5"]}, "allow"),
        ({"NumericLessThan": {"k:n": "10"}}, {"k:n": ["nine"]}, "deny"),
        ({"NumericEquals": {"k:n": "1"}}, {"k:n": ["1.0"]}, "allow"),
        ({"DateLessThan": {"aws:CurrentTime": "2026-06-01"}}, {"aws:CurrentTime": ["2026-05-31T23:59:59Z"]}, "allow"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-06-01T00:00:00+02:00"}}, {"aws:CurrentTime": ["2026-05-31T22:30:00Z"]}, "allow"),
        ({"DateLessThan": {"aws:EpochTime": "2026-06-01"}}, {"aws:EpochTime": ["1777629600"]}, "allow"),
        ({"DateLessThan": {"aws:CurrentTime": "2026-13-45"}}, {"aws:CurrentTime": ["2026-05-31T23:59:59Z"]}, "deny"),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": ["10.9.8.7"]}, "allow"),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": ["2001:db8::1"]}, "deny"),
        ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, {"aws:SourceIp": ["2001:db8::1"]}, "allow"),
        ({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}}, {"aws:SourceIp": ["192.0.2.9"]}, "deny"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, {"aws:PrincipalArn": [arn("role/a/b")]}, "allow"),
        ({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*"}}, {"aws:PrincipalArn": [arn("role/a/b")]}, "deny"),
        ({"BinaryEquals": {"k:b": "QQ=="}}, {"k:b": ["QQ=="]}, "allow"),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a", "b"]}, "allow"),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a", "c"]}, "deny"),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {}, "allow"),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["c", "b"]}, "allow"),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {}, "deny"),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["a", "c"]}, "allow"),
        ({"StringEquals": {"k:x": "${aws:username}"}}, {"k:x": ["dana"], "aws:username": ["dana"]}, "allow"),
        ({"StringEquals": {"k:x": "${aws:username, 'none'}"}}, {"k:x": ["none"]}, "allow"),
        ({"StringEquals": {"k:x": "${*}"}}, {"k:x": ["*"]}, "allow"),
        ({"StringLike": {"k:x": "${aws:username}"}}, {"k:x": ["anything"], "aws:username": ["*"]}, "deny"),
        ({"StringNotEquals": {"k:x": "${aws:username}"}}, {"k:x": ["dana"]}, "deny"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_a_grant_holds_where_its_condition_is_met(condition: dict[str, Any], context: dict[str, Any], expected: str):
    assert decided(identity_policies=limited(condition), context=context) == expected


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": ["false"]}, "explicit"),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, "allow"),
        ({"BoolIfExists": {"aws:SecureTransport": "false"}}, {}, "explicit"),
        ({"StringNotEquals": {"k:x": "${aws:username}"}}, {"k:x": ["dana"]}, "explicit"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_a_denial_holds_where_its_condition_is_met(condition: dict[str, Any], context: dict[str, Any], expected: str):
    assert decided(identity_policies=limited(condition, "Deny"), context=context) == expected


@pytest.mark.parametrize(
    ("resource", "context", "expected"),
    [
        ("arn:aws:s3:::exports/${aws:username}/*", {"aws:username": ["2026"]}, "allow"),
        ("arn:aws:s3:::exports/${aws:username}/*", {}, "deny"),
        ("arn:aws:s3:::exports/${aws:username}", {"aws:username": ["*"]}, "deny"),
        ("arn:aws:s3:::exports/${aws:username, '2026'}/*", {}, "allow"),
        ("arn:aws:s3:::exports/${aws:TagKeys}/*", {"aws:TagKeys": ["2026", "x"]}, "deny"),
        ("arn:aws:s3:*/a.csv", {}, "deny"),
        ("arn:aws:s3:*", {}, "allow"),
        ("arn:aws:s3:::export?/*", {}, "allow"),
    ],
)
def test_a_resource_is_meant_as_it_is_written(resource: str, context: dict[str, Any], expected: str):
    assert decided(identity_policies=[policy(statement("s3:GetObject", resource))], context=context) == expected


def test_variables_are_plain_text_in_documents_of_the_old_version():
    old = {"Version": "2008-10-17", "Statement": [statement("s3:GetObject", "arn:aws:s3:::exports/${aws:username}/*")]}
    assert decided(identity_policies=[old], context={"aws:username": ["2026"]}) == "deny"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"identity_policies": ["{"]}, "not JSON"),
        ({"identity_policies": ['{"Statement": [], "Statement": []}']}, "stands twice"),
        ({"identity_policies": [[]]}, "a policy is a JSON object"),
        ({"identity_policies": [{"Version": "2012-10-17"}]}, "needs a `Statement`"),
        ({"identity_policies": [policy(statement("s3:*", Effect="allow"))]}, "`Effect` is"),
        ({"identity_policies": [policy(statement("s3:*", Acton="x"))]}, "`Acton` is no element"),
        ({"identity_policies": [policy(statement("GetObject"))]}, "`GetObject` is no action"),
        ({"identity_policies": [policy(statement(7))]}, "`Action` is a text"),
        ({"identity_policies": [policy(statement("s3:*", NotAction="s3:*"))]}, "not both"),
        ({"identity_policies": [policy(statement("s3:*", Condition={"StringEqual": {"k": "v"}}))]}, "no condition operator"),
        ({"identity_policies": [policy(statement("s3:*", Condition={"StringEquals": {"k": {"v": 1}}}))]}, "are texts"),
        ({"identity_policies": "*"}, "is a list"),
        ({"resource_policy": bucket_policy({"Person": "dana"})}, "no type of principal"),
        ({"principal": "arn:aws:iam::1:role/x"}, "`principal` is an ARN"),
        ({"action": "s3:*"}, "one action"),
        ({"context": {"k": {"v": 1}}}, "needs a list of texts"),
        ({"context": {"k": ["1"], "K": ["2"]}}, "stands twice"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_malformed_case_is_an_error_in_words_and_never_an_answer(given: dict[str, Any], told: str):
    with pytest.raises(ValueError, match=re.escape(told)):
        evaluate_case(case(**given), json.loads)


def test_patterns_made_to_take_long_take_no_time():
    hostile = policy(statement("s3:" + "*a" * 200, "*a" * 2000 + "b"))
    assert decided(identity_policies=[hostile], resource="arn:aws:s3:::" + "a" * 1000, action="s3:" + "a" * 60) == "deny"
