"""`remit evaluate`: decides cases of access by a system's own rules, one line of JSON for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remit.model.errors import RefusedError, UsageError
from remit.model.shown import printable

if TYPE_CHECKING:
    from remit.contracts.system import IdentitySystem

MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_FILE_BYTES = 256 * 1024 * 1024
_EPILOG = "    remit evaluate aws cases.jsonl"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("evaluate", epilog=_EPILOG)(evaluate_cases)


def evaluate_cases(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="The system by whose rules: aws or postgres.", show_default=False)],
    cases: Annotated[Path, typer.Argument(metavar="CASES", help="A file with a case in each line (JSON Lines).", show_default=False)],
    _as_json: Annotated[bool, typer.Option("--json", help="The answer is JSON Lines with and without it.")] = False,
) -> None:
    """Decide cases of access by a system's own rules; needs no connection and no store.

    Each line of CASES is a case (`{"id": ..., "request": ...}`), each line of the answer `{"id", "decision", "explicit", "because"}`, or
    `{"id", "error"}` for a line that is no case. The context given is the whole context: a key that is not there is absent.

    Exit codes: 0 every line got an answer, 1 some lines were bad, 2 wrong usage.
    """
    decided_by = _system(system)
    files = _Files(cases.parent)
    were_bad = False
    for answer in _answers(decided_by, _lines(cases), files.load):
        were_bad = were_bad or "error" in answer
        typer.echo(json.dumps(answer))
    if were_bad:
        raise typer.Exit(1)


def _system(name: str) -> IdentitySystem:
    from remit.contracts.registry import find
    from remit.contracts.system import Works
    from remit.document.reading import advice_for

    systems = {found: system for found, system in find("SYSTEM").items() if isinstance(system.features.get("access"), Works)}
    if name not in systems:
        raise UsageError(f"unknown system `{printable(name, 40)}`; {advice_for(name, systems)}")
    chosen: IdentitySystem = systems[name]
    return chosen


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while line := stream.readline(MAX_LINE_BYTES + 1):
                if line.strip():
                    yield line
                while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):  # the rest of a line that is too long to be a case
                    line = stream.readline(MAX_LINE_BYTES)
                    if not line:
                        return
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "its name is not one"
        raise RefusedError(f"{printable(str(path), 400)}: the file cannot be read: {why.lower()}") from error


def _answers(system: IdentitySystem, lines: Iterator[bytes], load: Callable[[str], Any]) -> Iterator[dict[str, Any]]:
    for line in lines:
        case_id: Any = None
        try:
            case = _case(line)
            case_id = case.get("id")
            verdict = system.evaluate(case, load)
        except RecursionError:
            yield {"id": case_id, "error": "it is nested too deeply to be a case"}
        except ValueError as error:
            yield {"id": case_id, "error": printable(str(error), 600)}
        else:
            answer = {
                "id": case_id,
                "decision": "allow" if verdict.is_allowed else "deny",
                "explicit": verdict.is_explicit,
                "because": verdict.because,
            }
            if verdict.depends_on:
                answer["depends_on"] = list(verdict.depends_on)
            yield answer


def _case(line: bytes) -> Mapping[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"the line is longer than {MAX_LINE_BYTES} bytes")
    case = _json(line, "the line")
    if not isinstance(case, dict):
        raise ValueError("a case is a JSON object")
    return case


def _json(content: bytes, what: str) -> Any:
    """JSON without duplicate members: which of two would count is not to be guessed."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError(f"{what} has a member twice in one object")
        return found

    try:
        return json.loads(content, object_pairs_hook=once)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{what} is not JSON") from error


class _Files:
    """The files that cases name, relative to the file of the cases; each is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, Any] = {}

    def load(self, name: str) -> Any:
        """A JSON file; raises ValueError in words."""
        if name not in self._read:
            self._read[name] = self._open(name)
        return self._read[name]

    def _open(self, name: str) -> Any:
        shown = printable(name, 200)
        if Path(name).is_absolute():
            raise ValueError(f"`{shown}` is not relative to the file of the cases")
        try:
            with (self._folder / name).open("rb") as stream:
                content = stream.read(MAX_FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "its name is not one"
            raise ValueError(f"`{shown}` cannot be read: {why.lower()}") from error
        if len(content) > MAX_FILE_BYTES:
            raise ValueError(f"`{shown}` is larger than {MAX_FILE_BYTES} bytes")
        return _json(content, f"`{shown}`")
