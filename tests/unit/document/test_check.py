"""Findings and warnings about documents that are well formed."""

from __future__ import annotations

import pytest

from remit.document.check import RULES, check
from remit.document.parse import parse_or_raise

HEAD = """remit: 1
agent: triage
purpose: Sort what comes in.
owner: {contact: dana@example.com}
"""


def found(can: list[str], rest: str = "", today: str | None = None) -> list[tuple[str, str, int]]:
    """Level, code and line of everything about a remit with these lines; the first stands in line 9."""
    lines = "".join(f"      - {line}\n" for line in can)
    text = f"{HEAD}objectives:\n  sort:\n    why: Somebody waits.\n    can:\n{lines}{rest}"
    return [(problem.level, problem.code, problem.line) for problem in check(parse_or_raise(text), today)]


def never(*lines: str) -> str:
    return "never:\n" + "".join(f"  - {line}\n" for line in lines)


CLEAN = '{read: aws:s3, resource: "arn:aws:s3:::inbox/*"}'


def test_a_plain_remit_has_nothing_odd() -> None:
    assert found([CLEAN], never("{any: aws:iam}", '{delete: "*"}')) == []


@pytest.mark.parametrize(
    ("can", "line"),
    [
        ("{read: aws:iam, resource: 'arn:*'}", "{any: aws:iam}"),
        ("{delete: aws:s3, resource: 'arn:x'}", '{delete: "*"}'),
        ("{read: aws:s3, resource: 'arn:aws:s3:::inbox/a'}", "{read: aws:s3, resource: 'arn:aws:s3:::inbox/*'}"),
        ("{call: mcp:x, resource: wipe}", "{any: mcp:x, resource: 'w*'}"),
        ("{call: mcp:x, resource: read_file, where: {path: /data/a/**}}", "{call: mcp:x, where: {path: /data/**}}"),
        ("{delete: mcp:x, resource: wipe}", '{delete: "*"}'),
    ],
)
def test_a_line_that_a_never_forbids_whole_can_allow_nothing(can: str, line: str) -> None:
    assert ("finding", "unreachable", 9) in found([can], never(line))


@pytest.mark.parametrize(
    ("can", "line"),
    [
        ("{read: aws:s3, resource: '*'}", "{read: aws:s3, resource: 'arn:*'}"),
        ("{any: aws:s3, resource: 'arn:*'}", "{read: aws:s3}"),
        ("{call: mcp:x, resource: read_file}", "{call: mcp:x, where: {path: /data/**}}"),
        ("{call: mcp:x, resource: read_file, where: {path: /data/**}}", "{call: mcp:x, where: {path: /data/a/**}}"),
        ("{transmit: mcp:x, resource: send_email}", '{transmit: "*", outside: [example.com]}'),
        ("{call: mcp:x, resource: wipe}", '{delete: "*"}'),
    ],
)
def test_a_line_that_a_never_forbids_in_part_is_fine(can: str, line: str) -> None:
    assert not [problem for problem in found([can], never(line)) if problem[1] == "unreachable"]


def test_a_never_that_leaves_nothing_is_one_finding() -> None:
    assert found([CLEAN, CLEAN.replace("inbox", "x")], never('{any: "*"}')) == [("finding", "forbids-everything", 12)]


def test_one_tool_with_two_verbs_contradicts_itself() -> None:
    assert ("finding", "contradiction", 10) in found(["{read: mcp:x, resource: t}", "{delete: mcp:x, resource: t}"])


@pytest.mark.parametrize(
    ("first", "second", "is_repeated"),
    [
        (CLEAN, CLEAN, True),
        ("{any: aws:s3, resource: 'arn:*'}", "{read: aws:s3, resource: 'arn:x'}", True),
        ("{read: aws:s3, resource: 'arn:x'}", "{any: aws:s3, resource: 'arn:*'}", False),
        ("{call: mcp:x, resource: 'r*'}", "{read: mcp:x, resource: read_it}", False),
        ("{read: postgres:x, resource: a.b, columns: [c]}", "{read: postgres:x, resource: a.b}", False),
        ("{read: postgres:x, resource: a.b}", "{read: postgres:x, resource: a.b, columns: [c]}", True),
        ("{call: mcp:x, resource: t, where: {a: [1, 2]}}", "{call: mcp:x, resource: t, where: {a: 2, b: 3}}", True),
        ("{call: mcp:x, resource: t, where: {a: 2}}", "{call: mcp:x, resource: t, where: {a: [1, 2]}}", False),
        ("{call: mcp:x, resource: t, where: {command: '**'}}", "{call: mcp:x, resource: t, where: {command: 'git log'}}", False),
        ("{call: mcp:x, resource: t, where: {path: /data/**}}", "{call: mcp:x, resource: t, where: {path: /data/a/*}}", True),
        ("{call: mcp:x, resource: t, where: {command: /bin/**}}", "{call: mcp:x, resource: t, where: {command: /bin/rm -r}}", False),
        ("{call: mcp:x, resource: t, where: {command: 'git*'}}", "{call: mcp:x, resource: t, where: {command: 'git log'}}", False),
    ],
)
def test_a_line_that_an_earlier_one_covers_is_a_warning(first: str, second: str, is_repeated: bool) -> None:
    assert (("warning", "repeated-line", 10) in found([first, second])) is is_repeated


@pytest.mark.parametrize(
    ("first", "second", "is_repeated"),
    [
        ("{any: aws:iam}", "{delete: aws:iam, resource: 'arn:x'}", True),
        ("{delete: aws:iam, resource: 'arn:x'}", "{any: aws:iam}", False),
        ('{transmit: "*", outside: [example.com]}', "{transmit: mcp:x, outside: [example.com, example.org]}", True),
        ('{transmit: "*", outside: [example.com, example.org]}', "{transmit: mcp:x, outside: [mail.example.com]}", False),
        ('{transmit: "*", outside: [mail.example.com]}', "{transmit: mcp:x, outside: [example.com]}", True),
        ('{transmit: "*"}', '{transmit: "*", outside: [example.com]}', False),
    ],
)
def test_a_never_that_an_earlier_one_covers_is_a_warning(first: str, second: str, is_repeated: bool) -> None:
    assert (("warning", "repeated-line", 12) in found([CLEAN], never(first, second))) is is_repeated


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("limits: {calls: 0/hour}\n", [("finding", "limit-zero", 10)]),
        ("limits: {calls: 1/hour, pay: 0 USD/day}\n", []),
        ("limits: {rows: 0/task}\n", [("finding", "limit-zero", 10), ("warning", "residue", 10)]),
        ("limits: {rows: 5/task}\n", [("warning", "residue", 10)]),
        ("approvers: [lee@example.com]\n", [("warning", "approver", 0)]),
        ("lifecycle: {expires: 2026-01-01}\n", [("finding", "expired", 0)]),
        ("lifecycle: {expires: 2026-06-01}\n", []),
        ("lifecycle: {expires: 2026-06-02}\n", []),
    ],
)
def test_values_that_nobody_means_are_found(rest: str, expected: list[tuple[str, str, int]]) -> None:
    assert found([CLEAN], rest, "2026-06-01") == expected


def test_a_limit_of_no_pay_is_a_finding_where_something_may_pay() -> None:
    assert ("finding", "limit-zero", 10) in found(["{pay: mcp:bank, resource: send_money}"], "limits: {pay: 0 USD/day}\n")


def test_a_resource_of_aws_that_is_no_arn_matches_nothing() -> None:
    assert found(
        ["{read: aws:s3, resource: billing-exports/*}"], never("{read: aws:s3, resource: secrets}", "{read: aws:sqs, resource: '*:x'}")
    ) == [
        ("warning", "not-an-arn", 9),
        ("finding", "not-an-arn", 11),
    ]


def test_a_can_of_everything_is_a_warning() -> None:
    assert found(['{any: aws:s3, resource: "*"}']) == [("warning", "everything", 9)]


def test_a_transmit_without_an_inside_is_a_warning() -> None:
    assert found(["{transmit: mcp:mail, resource: send_email}"]) == [("warning", "transmit-anywhere", 9)]
    assert found(["{transmit: mcp:mail, resource: send_email}"], never('{transmit: "*", outside: [example.com]}')) == []


def test_a_document_with_too_many_lines_is_not_compared() -> None:
    assert ("warning", "too-many-lines", 0) in found([CLEAN] * 400)


def test_every_code_is_listed() -> None:
    lines = ["{read: mcp:x, resource: t}", "{delete: mcp:x, resource: t}", '{any: aws:s3, resource: "*"}', "{transmit: mcp:x, resource: s}"]
    assert {code for _, code, _ in found(lines, "limits: {rows: 0/task}\n")} <= RULES.keys()
