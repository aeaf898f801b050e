"""A remit document as pages show it: what is wrong with a typed one, what it would change, how two versions differ.

Invariants:
- a typed text is kept as it was typed, whatever is wrong with it;
- what a page would show in another order than it stands (marks of direction, invisible characters) is named with its line.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import msgspec

from remit.app.current import Current
from remit.document.check import check
from remit.document.difference import Change, difference
from remit.document.nodes import MAX_BYTES
from remit.document.parse import parse
from remit.model.errors import Problem, UsageError
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.model.standing import ApprovedRemit

MOST_LINES = 4_000
"""Lines of a version that are compared or shown; no remit that a person reads has so many."""
_CONTEXT = 3
_MOST_ODD = 20


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, or odd, with the line that it is about."""

    line: int
    """0: none."""
    column: int
    what: str
    help: str
    excerpt: str


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of looking at a typed document."""

    remit: Remit | None
    """None: it cannot be used, and `errors` says why."""
    errors: tuple[Fault, ...]
    remarks: tuple[Fault, ...]
    """Warnings and findings; none of them keeps it from being approved."""
    odd: tuple[Fault, ...]
    """Lines that do not show as they stand."""
    changes: tuple[Change, ...] | None
    """Against the version in force; None: there is none, or the text cannot be used."""


def typed_document(fields: Mapping[str, str]) -> str:
    """The document of a form, with the line ends of a file: browsers send those of a message."""
    text = fields.get("document", "").replace("\r\n", "\n").replace("\r", "\n")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise UsageError(f"the document is longer than {MAX_BYTES:,} bytes")
    return text


def looked_at(current: Current, slug: str, text: str, today: str) -> Looked:
    """Everything there is to say about a typed document of an agent, before anybody approves it."""
    path = file_name(slug)
    parsed = parse(text.encode("utf-8", "surrogatepass"), path)
    problems = list(parsed.errors)
    if parsed.remit is not None and parsed.remit.agent != slug:
        line = next((number for number, line in enumerate(text.split("\n"), 1) if line.startswith("agent:")), 0)
        what = f"this is a remit of `{printable(parsed.remit.agent)}`, not of `{slug}`"
        problems.append(Problem(path=path, line=line, what=what, help=f"write `agent: {slug}`"))
    remit = parsed.remit if not problems else None
    in_force = current.remits.get(slug)
    remarks = [problem for problem in parsed.problems if problem.level != "error"]
    lines = text.split("\n")
    return Looked(
        remit=remit,
        errors=tuple(_fault(problem, lines) for problem in problems),
        remarks=tuple(_fault(problem, lines) for problem in (*remarks, *(check(remit, today) if remit is not None else ()))),
        odd=odd_lines(text),
        changes=difference(in_force, remit) if remit is not None and in_force is not None else None,
    )


def odd_lines(text: str) -> tuple[Fault, ...]:
    """Lines with characters that do not show as they stand."""
    lines = enumerate(text.split("\n"), 1)
    odd = [(number, line) for number, line in lines if printable(line.replace("\t", " "), len(line)) != line.replace("\t", " ")]
    what = "holds characters that cannot be seen or that turn the direction of writing"
    return tuple(
        Fault(line=number, column=0, what=what, help="what really stands there is shown below it", excerpt=printable(line, 400))
        for number, line in odd[:_MOST_ODD]
    )


def line_difference(old: str, new: str) -> list[str] | None:
    """Lines that begin with `+`, `-` or a blank; empty where both are the same, None where they are too long to compare."""
    before, after = old.splitlines(), new.splitlines()
    if max(len(before), len(after)) > MOST_LINES:
        return None
    lines = list(difflib.unified_diff(before, after, lineterm="", n=_CONTEXT))[2:]
    return [f"{line[:1]} {line[1:]}" if not line.startswith("@@") else "  ..." for line in lines]


def word_difference(old: ApprovedRemit, new: ApprovedRemit) -> tuple[Change, ...] | None:
    """What changed between two versions, in words; None where one of them cannot be read any more."""
    before, after = (parse(version.document.encode("utf-8", "surrogatepass"), version.path).remit for version in (old, new))
    return difference(before, after) if before is not None and after is not None else None


def file_name(slug: str) -> str:
    """What the places of an agent's typed document are told by."""
    return f"{slug}.yaml"


def _fault(problem: Problem, lines: Sequence[str]) -> Fault:
    excerpt = printable(lines[problem.line - 1].strip(), 300) if 0 < problem.line <= len(lines) else ""
    return Fault(line=problem.line, column=problem.column, what=problem.what, help=problem.help, excerpt=excerpt)
