"""Two documents as changes that a person understands, each with what it does to the agent."""

from __future__ import annotations

import pytest

from remit.document.difference import Direction, difference
from remit.document.parse import parse_or_raise

BASE = """remit: 1
agent: triage
purpose: Sort what comes in.
owner: {contact: dana@example.com}
identities: [aws:role/triage]
objectives:
  sort:
    why: Somebody waits.
    can:
      - {read: aws:s3, resource: "arn:aws:s3:::inbox/*"}
      - {call: mcp:files, resource: read_file, where: {path: /data/**}}
never:
  - {any: aws:iam}
  - {transmit: "*", outside: [example.com]}
limits: {calls: 600/hour, pay: 5 USD/day}
lifecycle: {expires: 2027-02-28, review: 90d}
mode: ask
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Sort what comes in.", "Sort it.", ["purpose: `Sort what comes in.` becomes `Sort it.`"]),
        ("{contact: dana@example.com}", "{contact: dana@example.com, deputy: lee@example.com}", [
            "owner.deputy: `lee@example.com` is new", "approvers: `lee@example.com` is new"]),
        ("[aws:role/triage]", "[aws:role/triage, aws:role/admin]", ["identities: `aws:role/admin` is new (widens)"]),
        ("identities: [aws:role/triage]\n", "", ["identities: `aws:role/triage` is gone (narrows)"]),
        ("  sort:\n", "  order:\n", [
            "objectives.sort: the objective is gone",
            "objectives.sort: gone: read aws:s3 `arn:aws:s3:::inbox/*` (narrows)",
            "objectives.sort: gone: call mcp:files `read_file` where path is `/data/**` (narrows)",
            "objectives.order: a new objective: Somebody waits.",
            "objectives.order: new: read aws:s3 `arn:aws:s3:::inbox/*` (widens)",
            "objectives.order: new: call mcp:files `read_file` where path is `/data/**` (widens)"]),
        ("Somebody waits.", "Nobody waits.", ["objectives.sort.why: `Somebody waits.` becomes `Nobody waits.`"]),
        ('"arn:aws:s3:::inbox/*"', '"*"', [
            "objectives.sort: new: read aws:s3 `*` (widens)",
            "objectives.sort: gone: read aws:s3 `arn:aws:s3:::inbox/*`, which `read aws:s3 `*`` still covers"]),
        ('"arn:aws:s3:::inbox/*"', '"arn:aws:s3:::inbox/a/*"', [
            "objectives.sort: new: read aws:s3 `arn:aws:s3:::inbox/a/*`",
            "objectives.sort: gone: read aws:s3 `arn:aws:s3:::inbox/*` (narrows)"]),
        ("/data/**", "/**", [
            "objectives.sort: new: call mcp:files `read_file` where path is `/**` (widens)",
            ("objectives.sort: gone: call mcp:files `read_file` where path is `/data/**`, "
            "which `call mcp:files `read_file` where path is `/**`` still covers")]),
        ("never:\n  - {any: aws:iam}\n", "never:\n", ["never: gone: any aws:iam (widens)"]),
        ("never:\n", "never:\n  - {delete: aws:s3}\n", ["never: new: delete aws:s3 (narrows)"]),
        ("never:\n", "never:\n  - {delete: aws:iam}\n", ["never: new: delete aws:iam, which `any aws:iam` already covers"]),
        ("outside: [example.com]", "outside: [example.com, example.org]", [
            "never: new: transmit any system outside `example.com`, `example.org`",
            "never: gone: transmit any system outside `example.com` (widens)"]),
        ("600/hour", "700/hour", ["limits.calls: `600/hour` becomes `700/hour` (widens)"]),
        ("600/hour", "500/hour", ["limits.calls: `600/hour` becomes `500/hour` (narrows)"]),
        ("600/hour", "600/day", ["limits.calls: `600/hour` becomes `600/day`"]),
        (", pay: 5 USD/day", "", ["limits.pay: `5 USD/day` becomes `no limit` (widens)"]),
        (", pay: 5 USD/day", ", pay: 5 USD/day, rows: 9/task", ["limits.rows: `no limit` becomes `9/task` (narrows)"]),
        ("2027-02-28", "2027-03-01", ["lifecycle.expires: `2027-02-28` becomes `2027-03-01` (widens)"]),
        ("expires: 2027-02-28, ", "", ["lifecycle.expires: `2027-02-28` becomes `never` (widens)"]),
        ("90d", "30d", ["lifecycle.review: `90d` becomes `30d`"]),
        ("mode: ask", "mode: observe", ["mode: `ask` becomes `observe` (widens)"]),
        ("mode: ask", "mode: enforce", ["mode: `ask` becomes `enforce` (narrows)"]),
        ("  sort:\n", "  tell: {why: Asked., can: [{read: aws:ce, resource: '*'}]}\n  sort:\n", [
            "objectives.tell: a new objective: Asked.", "objectives.tell: new: read aws:ce `*` (widens)"]),
        ("remit: 1\n", "remit: 1\n# a comment\n", []),
    ],
)  # fmt: skip
def test_a_change_is_told_with_what_it_does(old: str, new: str, told: list[str]) -> None:
    assert old in BASE
    assert [str(change) for change in difference(parse_or_raise(BASE), parse_or_raise(BASE.replace(old, new)))] == told


def test_a_line_that_only_moved_is_no_change() -> None:
    lines = BASE.splitlines(keepends=True)
    lines[9], lines[10] = lines[10], lines[9]
    assert difference(parse_or_raise(BASE), parse_or_raise("".join(lines))) == ()


def test_a_gone_line_that_gave_a_tool_its_verb_is_not_covered_by_a_call() -> None:
    old = BASE.replace(
        "{call: mcp:files, resource: read_file, where: {path: /data/**}}",
        '{call: mcp:files, resource: "*"}\n      - {delete: mcp:files, resource: wipe}',
    )
    new = BASE.replace("{call: mcp:files, resource: read_file, where: {path: /data/**}}", '{call: mcp:files, resource: "*"}')
    (change,) = difference(parse_or_raise(old), parse_or_raise(new))
    # Without its verb the tool meets no `never` on delete any more, so this is not told as a narrowing.
    assert change.direction is Direction.WIDENS
    assert "wipe" in change.what
