"""What approved remits say about uses."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.watch.records import bound, remit, role, use

from remit.contracts.system import Vocabulary
from remit.model.verbs import Verb
from remit.watch.judge import judge

TABLE = {
    "s3:getobject": Verb.READ,
    "s3:putobject": Verb.UPDATE,
    "s3:listallmybuckets": Verb.LIST,
    "logs:filterlogevents": Verb.READ,
    "iam:createuser": Verb.ADMINISTER,
    "sts:assumerole": Verb.EXECUTE,
    "sts:getcalleridentity": Verb.READ,
}
AWS = Vocabulary("aws", TABLE, str.lower, is_complete=True)
POSTGRES = Vocabulary("postgres", {"select": Verb.READ, "insert": Verb.CREATE, "connect": Verb.READ}, str.lower, is_complete=True)
LINES = """
{read: aws:s3, resource: "arn:aws:s3:::bills/*"}
{read: aws:logs, resource: "arn:aws:logs:eu-west-1:1:log-group:/app:*"}
{list: aws:s3, resource: "arn:aws:s3:::bills"}
{read: "postgres:finops", resource: costs.daily, columns: [day, amount]}
{read: "mcp:jira", resource: search, where: {project: FIN}}
"""
ROLE = role("triage")


def outcome(action: str, resource: str = "*", extra: str = "", **fields: Any) -> str:
    (judged,) = judge(
        [use("triage", ROLE, action, resource, **fields)],
        {"triage": remit("triage", LINES, extra)},
        [AWS, POSTGRES],
        [bound("triage", ROLE)],
    )
    assert judged.because
    return str(judged.outcome)


@pytest.mark.parametrize(
    ("action", "resource", "fields", "expected"),
    [
        ("s3:GetObject", "arn:aws:s3:::bills/a", {}, "allow"),
        ("s3:GetObject", "arn:aws:s3:::payroll/a", {}, "deny"),
        ("s3:PutObject", "arn:aws:s3:::bills/a", {}, "deny"),
        ("s3:ListAllMyBuckets", "*", {}, "allow"),
        ("logs:FilterLogEvents", "arn:aws:logs:eu-west-1:1:log-group:/app", {}, "allow"),
        ("logs:FilterLogEvents", "arn:aws:logs:eu-west-1:1:log-group:/application", {}, "deny"),
        ("iam:CreateUser", "*", {}, "deny"),
        ("never:Heard", "*", {}, "deny"),
        ("sts:GetCallerIdentity", "*", {}, "allow"),
        ("sts:AssumeRole", ROLE.ref, {}, "allow"),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/admin", {}, "deny"),
        ("select", "costs.daily", {"columns": ("day",)}, "allow"),
        ("select", "costs.daily", {"columns": ("day", "iban")}, "deny"),
        ("select", "costs.daily", {}, "allow"),
        ("select", "hr.pay", {}, "deny"),
        ("insert", "costs.daily", {}, "deny"),
        ("connect", "database/finops", {}, "allow"),
        ("search", "search", {"source": "decisions:edge", "system": "mcp:jira"}, "allow"),
        ("search", "search", {"source": "decisions:edge", "system": "mcp:jira", "allowed": 2, "denied": 1}, "deny"),
        ("search", "search", {"source": "decisions:edge", "system": "mcp:jira", "would_deny": 1}, "deny"),
    ],
)
def test_a_use_is_judged(action: str, resource: str, fields: dict[str, Any], expected: str) -> None:
    assert outcome(action, resource, **fields) == expected


@pytest.mark.parametrize("mode", ["observe", "ask", "enforce"])
def test_no_mode_hides_what_no_line_allows(mode: str) -> None:
    assert outcome("iam:CreateUser", extra=f"mode: {mode}\n") != "allow"
    assert outcome("s3:GetObject", "arn:aws:s3:::bills/a", extra=f"mode: {mode}\n") == "allow"


def test_a_never_counts_and_one_about_arguments_does_not() -> None:
    nevers = 'never:\n  - {read: aws:s3, resource: "arn:aws:s3:::bills/secret*"}\n  - {read: aws:s3, where: {reason: curiosity}}\n'
    assert outcome("s3:GetObject", "arn:aws:s3:::bills/secret.csv", extra=nevers) == "deny"
    assert outcome("s3:GetObject", "arn:aws:s3:::bills/open.csv", extra=nevers) == "allow"


def test_a_use_is_judged_by_the_time_at_which_it_happened() -> None:
    ends = "lifecycle: {expires: 2026-11-01}\n"
    assert outcome("s3:GetObject", "arn:aws:s3:::bills/a", extra=ends, last="2026-10-31T10:00:00Z") == "allow"
    assert outcome("s3:GetObject", "arn:aws:s3:::bills/a", extra=ends, last="2026-11-02T10:00:00Z") == "deny"


def test_who_has_no_approved_remit_is_not_judged() -> None:
    assert judge([use("other", ROLE, "iam:CreateUser"), use("", ROLE, "iam:CreateUser")], {"triage": remit("triage", LINES)}, [AWS]) == ()
