"""`remit check` and `remit compile`: remit documents from the command line."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from remit.document.check import FINDING, check
from remit.document.nodes import MAX_BYTES
from remit.document.parse import parse
from remit.document.reading import advice_for
from remit.model.errors import Problem, UsageError
from remit.model.ids import KNOWN_KINDS
from remit.model.native import Native
from remit.model.remit import Remit
from remit.model.shown import printable

if TYPE_CHECKING:
    from remit.contracts.system import ReadSide

FORMATS = ("text", "json", "sarif")
_CHECK_EPILOG = (
    "Errors keep a file from being used; findings say that it does not do what it says. Either ends with exit code 1. "
    "Warnings are worth a look, are printed too, and leave the exit code at 0."
    "\n\n    remit check remits/*.yaml\n    remit check remits/*.yaml --format sarif > remits.sarif"
)
_COMPILE_EPILOG = (
    "What the target cannot say is residue: it is printed on standard error, with its line, and another enforcement point must hold it."
    "\n\n    remit compile cost-triage.yaml --to aws > policy.json\n    remit compile cost-triage.yaml --to postgres | psql finops"
)


class Checked(msgspec.Struct, frozen=True):
    """One file and what was found about it."""

    path: str
    remit: Remit | None
    problems: tuple[Problem, ...]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("check", epilog=_CHECK_EPILOG)(check_files)
    app.command("compile", epilog=_COMPILE_EPILOG)(compile_file)


def check_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Remit files.", show_default=False)],
    form: Annotated[str, typer.Option("--format", metavar="text|json|sarif", help="How the result is written.")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Check remit files: every error of a file at once, then what is odd about it."""
    if form not in FORMATS:
        raise UsageError(f"unknown format `{printable(form, 40)}`; {advice_for(form, FORMATS)}")
    checked = [_checked(path) for path in files]
    checked = _with_shared_agents(checked)
    if as_json or form == "json":
        typer.echo(json.dumps(_report(checked), indent=2))
    elif form == "sarif":
        typer.echo(json.dumps(sarif(checked), indent=2))
    else:
        _print_text(checked)
    if any(problem.level in ("error", FINDING) for file in checked for problem in file.problems):
        raise typer.Exit(1)


def compile_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A remit file.", show_default=False)],
    target: Annotated[str, typer.Option("--to", metavar="aws|cedar|mcp|postgres", help="The language to compile to.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document with the text and the residue.")] = False,
) -> None:
    """Compile a remit to the language of a target, on standard output."""
    system = _target(target)
    read = _read(file)
    for problem in read.problems:
        typer.echo(_line(problem), err=True)
    if read.remit is None:
        raise typer.Exit(1)
    native = system.compile(read.remit)
    for residue in sorted(native.residue, key=lambda residue: residue.line):
        place = f"{read.path}:{residue.line}" if residue.line else read.path
        typer.echo(f"{place}: residue: `{printable(residue.rule)}`: {printable(residue.why, 400)}", err=True)
    typer.echo(json.dumps(_compiled(read.remit, native), indent=2) if as_json else native.text, nl=as_json)


# --- reading -------------------------------------------------------------------------------------------------------------


def _read(path: Path) -> Checked:
    """One file, parsed; what cannot be opened is a problem like any other."""
    name = printable(str(path), 4096)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "its name is not one"
        what = f"the file cannot be read: {why.lower()}"
        advice = f"give its files: `{name.rstrip('/')}/*.yaml`" if isinstance(error, IsADirectoryError) else ""
        return Checked(name, None, (Problem(path=name, line=0, what=what, help=advice, code="unreadable"),))
    parsed = parse(content, name)
    return Checked(name, parsed.remit, parsed.problems)


def _checked(path: Path) -> Checked:
    read = _read(path)
    if read.remit is None:
        return read
    found = check(read.remit, datetime.now(UTC).date().isoformat())
    ordered = sorted((*read.problems, *found), key=lambda problem: (problem.line, problem.column))
    return Checked(read.path, read.remit, tuple(ordered))


def _with_shared_agents(checked: list[Checked]) -> list[Checked]:
    """Two files for one agent: both cannot be in force, though one may be the next version of the other."""
    first: dict[str, str] = {}
    result = []
    for file in checked:
        other = first.setdefault(file.remit.agent, file.path) if file.remit is not None else file.path
        if file.remit is not None and other != file.path:
            what = f"`{file.remit.agent}` has a remit in {other} too"
            advice = "a folder that is served holds one file for each agent"
            problem = Problem(path=file.path, line=0, code="same-agent", level="warning", what=what, help=advice)
            file = msgspec.structs.replace(file, problems=(problem, *file.problems))
        result.append(file)
    return result


def _target(name: str) -> ReadSide:
    from remit.contracts.registry import find
    from remit.contracts.system import Works

    targets: dict[str, ReadSide] = {
        found: system for found, system in find("SYSTEM").items() if isinstance(system.features["compile"], Works)
    }
    if name in targets:
        return targets[name]
    if name in KNOWN_KINDS:
        built = ", ".join(f"`{target}`" for target in targets)
        raise UsageError(f"`{name}` is not built yet as a target of compile; these are: {built}")
    raise UsageError(f"unknown target `{printable(name, 40)}`; {advice_for(name, targets)}")


# --- writing -------------------------------------------------------------------------------------------------------------


def _line(problem: Problem) -> str:
    """A problem as a line; what is no error says what it is."""
    if problem.level == "error":
        return str(problem)
    return str(msgspec.structs.replace(problem, what=f"{problem.level}: {problem.what}"))


def _print_text(checked: list[Checked]) -> None:
    for file in checked:
        for problem in file.problems:
            typer.echo(_line(problem))
        if file.remit is not None and all(problem.level == "warning" for problem in file.problems):
            count = len(file.problems)
            warnings = f" but for {count} warning{'s' if count > 1 else ''}" if count else ""
            typer.echo(f"{file.path}: clean{warnings}, {file.remit.hash}")


def _counts(checked: list[Checked]) -> dict[str, int]:
    levels = Counter(problem.level for file in checked for problem in file.problems)
    return {"errors": levels["error"], "findings": levels[FINDING], "warnings": levels["warning"]}


def _report(checked: list[Checked]) -> dict[str, Any]:
    files = [
        {
            "path": file.path,
            "agent": f"agent:{file.remit.agent}" if file.remit else None,
            "hash": file.remit.hash if file.remit else None,
            "problems": [msgspec.to_builtins(problem) for problem in file.problems],
        }
        for file in checked
    ]
    return {"files": files, **_counts(checked)}


def _compiled(remit: Remit, native: Native) -> dict[str, Any]:
    return {
        "agent": f"agent:{remit.agent}",
        "hash": remit.hash,
        "target": native.target,
        "media_type": native.media_type,
        "text": native.text,
        "residue": [msgspec.to_builtins(residue) for residue in native.residue],
    }


def sarif(checked: list[Checked]) -> dict[str, Any]:
    """The result as SARIF 2.1.0, for code scanning."""
    from importlib.metadata import version
    from urllib.parse import quote

    problems = [(file, problem) for file in checked for problem in file.problems]
    rules = sorted({problem.code for _, problem in problems})
    results = []
    for file, problem in problems:
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(file.path)}}
        if problem.line:
            place["region"] = {"startLine": problem.line, **({"startColumn": problem.column} if problem.column else {})}
        results.append(
            {
                "ruleId": problem.code,
                "ruleIndex": rules.index(problem.code),
                "level": "warning" if problem.level == "warning" else "error",
                "message": {"text": f"{problem.what}; {problem.help}" if problem.help else problem.what},
                "locations": [{"physicalLocation": place}],
            }
        )
    driver = {"name": "remit", "version": version("remit"), "rules": [{"id": rule} for rule in rules]}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
