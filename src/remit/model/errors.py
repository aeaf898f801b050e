"""The error tree. Every error has a place, a problem, and what would be right.

    RemitError
    +-- DocumentError      a remit file says something impossible; holds every problem of the file
    +-- IdentifierError    a name of an agent, identity or connection is malformed
    +-- UsageError         a command was called in a way that cannot work (exit code 2)
    +-- RefusedError       what was asked for is understood and not done, with the reason (exit code 1)

Texts follow one style: lower case, no final period, input in backticks, the place first and the help apart.
"""

from __future__ import annotations

import msgspec

from remit.model.shown import printable


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong in a text that a person wrote."""

    path: str
    line: int
    """1-based; 0 when the problem has no line (the file could not be opened)."""
    column: int = 0
    """1-based; 0 when only the line is known."""
    what: str
    """What is wrong: lower case, no final period, input in backticks."""
    help: str = ""
    """What would be right."""
    code: str = ""
    """A stable short name of the rule, such as `unknown-key`."""
    level: str = "error"
    """`error` stops the file from being used; `warning` does not."""

    def __str__(self) -> str:
        place = printable(self.path, 1000)
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        tail = f"; {self.help}" if self.help else ""
        return f"{place}: {self.what}{tail}"


class RemitError(Exception):
    """The root of every error that Remit raises on purpose."""


class DocumentError(RemitError):
    """A remit file cannot be used; `problems` holds all of them, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class IdentifierError(RemitError):
    """A name is not of the form that `remit-language` section 1 gives it."""


class UsageError(RemitError):
    """A command was called in a way that cannot work."""


class RefusedError(RemitError):
    """What was asked for is understood and is not done; the text is the reason."""
