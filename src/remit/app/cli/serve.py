"""`remit serve`: the decision service."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remit.model.errors import UsageError
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.model.verbs import ANY, CALL

if TYPE_CHECKING:
    from remit.app.remits import Remits

_EPILOG = """AuthZEN 1.0 at /access/v1/evaluation and /access/v1/evaluations; quarantine and release of an agent at /api/v1/agents/ID;
health at /healthz and /readyz, counters at /metrics, the whole API at /api/openapi.json."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve", epilog=_EPILOG)(serve)


def serve(
    remit: Annotated[
        Path | None, typer.Option("--remit", metavar="PATH", help="A remit, or a folder of them; what changes there is taken over.")
    ] = None,
    decisions_only: Annotated[bool, typer.Option("--decisions-only", help="Decide from the remit files alone.")] = False,
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any free one.", min=0, max=65535)] = 8686,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where quarantines, the operator's token and the log stand. "
            "Default: ~/.local/state/remit (macOS: ~/Library/Application Support/remit).",
            show_default=False,
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Append decisions here, not to decisions/decisions.jsonl in the state folder.", show_default=False
        ),
    ] = None,
) -> None:
    """Decide for every enforcement point that asks by AuthZEN.

    It needs --decisions-only and --remit PATH: each file counts as approved. Decisions are logged before they are answered.
    Only programs of this machine may ask; they need no sign-in. Ending a quarantine takes the token in the file operator-token of the
    state folder; the start prints its path.
    """
    if not decisions_only:
        raise UsageError("serve needs `--decisions-only`: it decides from remit files alone")
    if remit is None:
        raise UsageError("serve needs `--remit PATH`: a remit file, or a folder of them")
    _serve(remit, host, port, state, log)


def _serve(path: Path, host: str, port: int, state: Path | None, log: Path | None) -> None:
    # Here, because help and wrong usage need none of it.
    from remit.app.api.metrics import WatchedLog
    from remit.app.api.server import TOKEN_FILE, Address, fresh_token, listening, loopback, only_service, run
    from remit.app.remits import Remits
    from remit.app.settings import decision_log, state_folder, suspended_file
    from remit.app.wiring import vocabularies

    folder = state_folder(state)
    address = loopback(host)
    with only_service(folder):
        remits = Remits(
            path,
            suspended_path=suspended_file(folder),
            vocabularies=vocabularies(),
            report=_report,
            clock_ns=time.time_ns,
        )
        for skipped in remits.skipped:
            _report(f"`{printable(skipped, 1000)}` is skipped: it has no key `remit`")
        decisions = WatchedLog(log if log is not None else decision_log(folder))
        with listening(address, port) as taken:
            bound = Address(address, taken.getsockname()[1])
            token = fresh_token(folder)
            _announce(remits, bound.url, decisions.path, folder / TOKEN_FILE)
            try:
                is_interrupted = run(remits, decisions, token, bound, taken, _report)
            finally:
                decisions.close()
    if is_interrupted:
        raise KeyboardInterrupt


def _announce(remits: Remits, url: str, log: Path, token: Path) -> None:
    names = sorted(remits.policy.remits)
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    stopped = sorted(remits.policy.suspended.keys() & set(names))
    lines = [
        f"{len(names)} {'remit' if len(names) == 1 else 'remits'}: {shown}",
        *([f"in quarantine: {', '.join(stopped)}"] if stopped else []),
        f"listening on {url}",
        f"decisions are logged to {printable(str(log), 1000)}",
        f"to end a quarantine, use the token in {printable(str(token), 1000)}",
        "",
        "try:",
        f"  curl -s {url}/access/v1/evaluation -H 'content-type: application/json' \\",
        f"    -d {shlex.quote(json.dumps(_example(remits.policy.remits[names[0]])))}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _example(remit: Remit) -> dict[str, object]:
    """A question that the remit's first line is about."""
    capability = remit.objectives[0].can[0]
    is_tool = capability.system.startswith("mcp:")
    action = capability.resource if is_tool else "read" if capability.verb in (ANY, CALL) else capability.verb
    return {
        "subject": {"type": "agent", "id": remit.agent},
        "action": {"name": action},
        "resource": {"type": capability.system, "id": capability.resource},
    }


def _report(text: str) -> None:
    """One line for people; a standard error that is full or gone must not stop the remits from being followed."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"remit: {text}\n")
        sys.stderr.flush()
