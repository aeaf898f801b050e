"""What is odd about a remit that is well formed: lines that can do nothing, contradictions, values nobody means.

Two levels. A `finding` is something that someone must act on: the document does not do what it says. A `warning` is worth a
look and may be meant. Neither keeps a file from being used; errors are `document.parse`'s.

Left to others: whether the agent exists, has these identities, and what it is granted (the stages).
"""

from __future__ import annotations

from collections.abc import Iterator

from remit.document.canonical import limit_text
from remit.document.coverage import can_covers, names_a_tool, never_covers, never_covers_can
from remit.document.pattern import overlaps
from remit.model.errors import Problem
from remit.model.remit import Capability, Never, Remit
from remit.model.shown import printable
from remit.model.verbs import ANY, CALL, Verb

FINDING = "finding"
WARNING = "warning"
RULES = {
    "unreachable": "a line of a can that a never forbids whole",
    "contradiction": "one tool with two verbs",
    "forbids-everything": "a never that leaves nothing",
    "expired": "a remit past its last day",
    "not-an-arn": "a resource of AWS that no ARN can be",
    "limit-zero": "a limit of 0 on what a can allows",
    "repeated-line": "a line that an earlier line covers",
    "everything": "a can that allows every action on every resource",
    "transmit-anywhere": "a transmit without a never that says what is inside",
    "approver": "an owner who may not approve",
    "residue": "a part that only some enforcement points can hold",
    "too-many-lines": "a document with too many lines to compare",
}
"""Every code of this module and what it is about."""
MAX_COMPARISONS = 100_000
_Line = tuple[str, Capability]


def check(remit: Remit, today: str | None = None) -> tuple[Problem, ...]:
    """The findings and warnings about a remit, in the order of its lines.

    `today` is an ISO date (UTC), for `expires`; without it, dates are not looked at.
    """
    cans = [
        (f"objectives.{objective.name}.can[{number}]", line) for objective in remit.objectives for number, line in enumerate(objective.can)
    ]
    found = [
        *_of_limits(remit),
        *_of_people(remit),
        *_of_dates(remit, today),
        *_of_verbs(remit, cans),
        *_of_resources(remit, cans),
        *_of_sending(remit, cans),
    ]
    if len(cans) * (len(cans) + len(remit.never)) + len(remit.never) ** 2 > MAX_COMPARISONS:
        found.append(_problem(remit, 0, "too-many-lines", "there are too many lines to compare each with each", level=WARNING))
    else:
        found += [*_unreachable(remit, cans), *_repeated_cans(remit, cans), *_repeated_nevers(remit)]
    return tuple(sorted(found, key=lambda problem: problem.line))


def _problem(remit: Remit, line: int, code: str, what: str, advice: str = "", level: str = FINDING) -> Problem:
    return Problem(path=remit.path, line=line, code=code, what=what, help=advice, level=level)


def _unreachable(remit: Remit, cans: list[_Line]) -> Iterator[Problem]:
    for number, never in enumerate(remit.never):
        if never.verb == ANY and never.system == "*" and never.resource.strip("*") == "" and not never.where and not never.outside:
            yield _problem(remit, never.line, "forbids-everything", f"`never[{number}]` forbids every action on every system")
            return
    for rule, line in cans:
        forbidding = next((number for number, never in enumerate(remit.never) if never_covers_can(never, line)), None)
        if forbidding is not None:
            where = remit.never[forbidding].line
            what = f"`{printable(rule)}` can allow nothing: `never[{forbidding}]` in line {where} forbids all of it"
            yield _problem(remit, line.line, "unreachable", what, "leave one of the two out")


def _repeated_cans(remit: Remit, cans: list[_Line]) -> Iterator[Problem]:
    for index, (rule, line) in enumerate(cans):
        earlier = next((other for other in cans[:index] if can_covers(other[1], line)), None)
        if earlier is not None:
            what = f"`{printable(rule)}` adds nothing to `{printable(earlier[0])}` in line {earlier[1].line}"
            yield _problem(remit, line.line, "repeated-line", what, level=WARNING)


def _repeated_nevers(remit: Remit) -> Iterator[Problem]:
    for number, line in enumerate(remit.never):
        earlier = next((other for other in range(number) if never_covers(remit.never[other], line)), None)
        if earlier is not None:
            what = f"`never[{number}]` adds nothing to `never[{earlier}]` in line {remit.never[earlier].line}"
            yield _problem(remit, line.line, "repeated-line", what, level=WARNING)


def _of_limits(remit: Remit) -> Iterator[Problem]:
    limits = remit.limits
    if limits.calls is not None and limits.calls.amount == 0:
        yield _problem(
            remit, limits.calls.line, "limit-zero", f"`limits.calls` is `{limit_text(limits.calls)}`, so nothing is allowed at all"
        )
    paying = next((line for _, line in remit.capabilities() if line.verb == Verb.PAY), None)
    if limits.pay is not None and limits.pay.amount == 0 and paying is not None:
        what = f"`limits.pay` is `{limit_text(limits.pay)}`, so the `pay` in line {paying.line} allows no payment"
        yield _problem(remit, limits.pay.line, "limit-zero", what)
    if limits.rows is not None and limits.rows.amount == 0:
        yield _problem(remit, limits.rows.line, "limit-zero", f"`limits.rows` is `{limit_text(limits.rows)}`, so no row may be read")
    if limits.rows is not None:
        what = "`limits.rows` holds only where SQL is decided; every other enforcement point leaves it open"
        yield _problem(remit, limits.rows.line, "residue", what, level=WARNING)


def _of_people(remit: Remit) -> Iterator[Problem]:
    if remit.owner.contact not in remit.approvers:
        what = f"the owner `{printable(remit.owner.contact)}` is not among the approvers"
        yield _problem(remit, 0, "approver", what, "a first version needs the owner's approval", level=WARNING)


def _of_dates(remit: Remit, today: str | None) -> Iterator[Problem]:
    expires = remit.lifecycle.expires
    if today is not None and expires is not None and expires < today:
        yield _problem(remit, 0, "expired", f"the remit ended on `{expires}`, so everything is denied")


def _of_verbs(remit: Remit, cans: list[_Line]) -> Iterator[Problem]:
    verbs: dict[tuple[str, str], Capability] = {}
    for rule, line in cans:
        if line.verb == ANY and line.resource.strip("*") == "" and not line.where:
            what = f"`{printable(rule)}` allows every action on every resource of `{line.system}`"
            yield _problem(remit, line.line, "everything", what, level=WARNING)
        if not names_a_tool(line):
            continue
        first = verbs.setdefault((line.system, line.resource), line)
        if first.verb != line.verb:
            tool = printable(line.resource)
            what = f"the tool `{tool}` is called `{line.verb}` here and `{first.verb}` in line {first.line}"
            yield _problem(remit, line.line, "contradiction", what, "a never on either verb meets it")


def _of_resources(remit: Remit, cans: list[_Line]) -> Iterator[Problem]:
    lines: list[tuple[str, Capability | Never]] = [*cans, *((f"never[{number}]", line) for number, line in enumerate(remit.never))]
    for rule, line in lines:
        if line.system.startswith("aws:") and not overlaps(line.resource, "arn:*"):
            what = f"`{printable(rule)}` matches nothing: AWS names its resources by ARN, and `{printable(line.resource, 80)}` can be none"
            level = WARNING if isinstance(line, Capability) else FINDING
            yield _problem(remit, line.line, "not-an-arn", what, "write it like `arn:aws:s3:::BUCKET/*`", level=level)


def _of_sending(remit: Remit, cans: list[_Line]) -> Iterator[Problem]:
    for _, line in cans:
        bounded = any(
            never.outside and never.verb in (Verb.TRANSMIT, ANY, CALL) and never.system in ("*", line.system) for never in remit.never
        )
        if line.verb == Verb.TRANSMIT and not bounded and not line.where:
            what = f"`transmit` on `{line.system}` may send anywhere: no `never` says what is inside"
            yield _problem(remit, line.line, "transmit-anywhere", what, 'add `never: [{transmit: "*", outside: [DOMAIN]}]`', level=WARNING)
