"""What a parsed remit holds, and which files are meant as remits."""

from __future__ import annotations

from pathlib import Path

import pytest

from remit.document.nodes import MAX_BYTES
from remit.document.parse import is_remit, parse, parse_or_raise
from remit.model.errors import DocumentError
from remit.model.remit import Condition, Mode, Window

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "remits").glob("*.yaml"))

DESIGN = """remit: 1
agent: cost-triage
purpose: Explain daily cloud-cost anomalies and open a ticket for the team that owns them.
owner: {team: finops, contact: dana@example.com, deputy: lee@example.com}
approvers: [dana@example.com, security@example.com]     # default: contact and deputy
identities: [aws:role/cost-triage, postgres:finops/cost_triage]
objectives:
  explain-anomaly:
    why: Compare spend with its forecast and find the resource behind the difference.
    can:
      - {read: aws:ce, resource: "*"}
      - {read: aws:s3, resource: "arn:aws:s3:::billing-exports/*"}
      - {read: postgres:finops, resource: costs.daily, columns: [day, account, amount]}
  tell-the-owner:
    why: The team that caused the cost hears of it the same day.
    can:
      - {create: mcp:jira, resource: create_issue, where: {project: FIN}}
      - {transmit: slack:main, resource: "channel/#finops"}
never:
  - {any: aws:iam}
  - {transmit: "*", outside: [example.com]}
limits: {calls: 600/hour, pay: 0 USD/day, rows: 10000/task}
lifecycle: {expires: 2027-02-28, review: 90d, dormant_after: 30d}
mode: enforce            # observe | ask | enforce
"""


def test_every_part_of_a_document_comes_into_the_record() -> None:
    remit = parse_or_raise(DESIGN, "cost-triage.yaml")
    assert (remit.agent, remit.owner.team, remit.owner.deputy, remit.mode) == ("cost-triage", "finops", "lee@example.com", Mode.ENFORCE)
    assert remit.approvers == ("dana@example.com", "security@example.com")
    assert remit.identities == ("aws:role/cost-triage", "postgres:finops/cost_triage")
    assert [(objective.name, objective.line) for objective in remit.objectives] == [("explain-anomaly", 8), ("tell-the-owner", 14)]
    lines = [(line.verb, line.system, line.resource, line.line) for _, line in remit.capabilities()]
    assert lines[1] == ("read", "aws:s3", "arn:aws:s3:::billing-exports/*", 12)
    assert lines[3] == ("create", "mcp:jira", "create_issue", 17)
    assert remit.objectives[0].can[2].columns == ("day", "account", "amount")
    assert remit.objectives[1].can[0].where == (Condition("project", ("FIN",)),)
    assert [(line.verb, line.system, line.resource, line.outside, line.line) for line in remit.never] == [
        ("any", "aws:iam", "*", (), 20),
        ("transmit", "*", "*", ("example.com",), 21),
    ]
    assert remit.limits.calls is not None
    assert (remit.limits.calls.amount, remit.limits.calls.window, remit.limits.calls.line) == (600, Window.HOUR, 22)
    assert remit.limits.pay is not None
    assert (remit.limits.pay.amount, remit.limits.pay.currency) == (0, "USD")
    assert (remit.lifecycle.expires, remit.lifecycle.review_days, remit.lifecycle.dormant_after_days) == ("2027-02-28", 90, 30)
    assert (remit.path, remit.is_signed) == ("cost-triage.yaml", False)


def test_the_document_of_the_design_has_one_warning_and_no_error() -> None:
    assert [(problem.level, problem.line) for problem in parse(DESIGN).problems] == [("warning", 18)]


def test_what_is_left_out_has_its_default() -> None:
    remit = parse_or_raise(
        "remit: 1\nagent: a\npurpose: p\nowner: {contact: c, deputy: d}\nobjectives: {o: {why: w, can: [{read: aws:s3, resource: x}]}}"
    )
    assert remit.approvers == ("c", "d")
    assert (remit.mode, remit.never, remit.limits.calls, remit.lifecycle.expires) == (Mode.ENFORCE, (), None, None)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_every_example_is_a_remit_without_problems(file: Path) -> None:
    parsed = parse(file.read_bytes(), file.name)
    assert parsed.problems == ()
    assert parsed.remit is not None
    assert is_remit(file.read_bytes())


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("remit: 1\n", True),
        ("remit: 99\nnonsense: true\n", True),
        ("agent: x\nremit: 1\n", True),
        ('{"remit": 1}', True),
        ("\ufeffremit: 1\n", True),
        ("remit: [\n", True),
        ("remit: 1\n  bad: [indent\n", True),
        ("a: &x 1\nremit: *x\n", True),
        ("remits: 1\n", False),
        ("kind: Deployment\nmetadata: {remit: 1}\n", False),
        ("kind: [\n", False),
        ("- remit: 1\n", False),
        ("", False),
        (b"\xff\xferemit", False),
        (b"\xff\nremit: 1\n", True),
    ],
)
def test_a_file_is_meant_as_a_remit_by_its_key(content: str | bytes, expected: bool) -> None:
    assert is_remit(content) is expected


def test_a_file_over_a_mebibyte_is_refused_and_one_below_is_read() -> None:
    small = DESIGN + "#" * (MAX_BYTES - len(DESIGN))
    assert parse(small).remit is not None
    (problem,) = parse(small + "#").problems
    assert problem.code == "size"
    (problem,) = parse((small + "#").encode()).problems
    assert problem.code == "size"


@pytest.mark.parametrize("content", ["remit: 1\nagent: é".encode("latin-1"), "remit: 1".encode("utf-16"), "remit: 1\nagent: \udcff"])
def test_text_that_is_not_utf_8_is_told_with_its_line(content: str | bytes) -> None:
    (problem,) = parse(content).problems
    assert problem.code == "encoding"
    assert problem.line in (1, 2)


def test_a_byte_order_mark_is_no_matter() -> None:
    assert parse("\ufeff" + DESIGN).remit == parse(DESIGN).remit
    assert parse(b"\xef\xbb\xbf" + DESIGN.encode()).remit == parse(DESIGN).remit


def test_every_error_stands_in_what_is_raised() -> None:
    with pytest.raises(DocumentError) as raised:
        parse_or_raise(DESIGN.replace("read: aws:ce", "raed: aws:ce").replace("mode: enforce", "mode: of"), "x.yaml")
    assert "x.yaml:11:10: unknown verb `raed`; nearest is `read`" in str(raised.value)
    assert len([problem for problem in raised.value.problems if problem.level == "error"]) == 2


def test_hostile_names_are_printed_safely() -> None:
    problems = parse('remit: 1\n"age\\e[31mnt\\u202e": x\n').problems
    assert all(str(problem).isprintable() for problem in problems)
    assert any("\\x1b" in problem.what for problem in problems)
