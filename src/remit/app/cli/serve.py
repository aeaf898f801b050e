"""`remit serve`: web UI, API and decisions of one store; or the decision service alone."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remit.app.cli.options import StoreUrl, environment, os_user
from remit.model.errors import UsageError
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.model.verbs import ANY, CALL

if TYPE_CHECKING:
    from remit.app.remits import Remits

_SECRET = "REMIT_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable
_EPILOG = """AuthZEN 1.0 at /access/v1/evaluation and /access/v1/evaluations; quarantine and release of an agent at /api/v1/agents/ID;
health at /healthz and /readyz, counters at /metrics, the whole API at /api/openapi.json."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve", epilog=_EPILOG)(serve)


def serve(
    remit: Annotated[
        Path | None, typer.Option("--remit", metavar="PATH", help="A remit, or a folder of them; what changes there is taken over.")
    ] = None,
    decisions_only: Annotated[
        bool, typer.Option("--decisions-only", help="No store and no UI: decide from the files of --remit alone.")
    ] = False,
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
    store: StoreUrl = None,
    webhook: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="POST denials and findings there, as JSON, signed with the secret in REMIT_WEBHOOK_SECRET.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve the web UI and the API of a store, and decide for every enforcement point that asks by AuthZEN.

    The UI opens by a one-time address, which the start prints. Decisions rest on the remits that are approved in the store, and are
    logged before they are answered.

    With --decisions-only and --remit PATH it needs no store and has no UI: each file counts as approved. Only programs of this machine
    may ask; they need no sign-in. What does takes the token in the file operator-token of the state folder; the start prints its path.
    """
    if decisions_only:
        if remit is None:
            raise UsageError("`--decisions-only` needs `--remit PATH`: a remit file, or a folder of them")
        if store is not None:
            raise UsageError("`--decisions-only` decides from files alone; leave out `--store`")
        if webhook is not None:
            raise UsageError("`--webhook` tells of what stands in a store; leave it out with `--decisions-only`")
        _serve(remit, host, port, state, log)
    elif remit is not None:
        raise UsageError("`--remit` goes with `--decisions-only`; without it the remits that are approved in the store count")
    else:
        _serve_store(store, host, port, state, log, webhook)


def _serve_store(given: str | None, host: str, port: int, state: Path | None, log: Path | None, webhook: str | None) -> None:
    # Here, because help and wrong usage need none of it.
    from remit.app.api.metrics import WatchedLog
    from remit.app.api.server import TOKEN_FILE, Address, fresh_token, listening, loopback, only_service
    from remit.app.api.whole import Place, check_webhook, serve, whole
    from remit.app.settings import decision_log, state_folder, store_url
    from remit.contracts.exporter import Target

    folder = state_folder(state)
    address = loopback(host)
    url = store_url(given, os.environ)
    told = Target(url=webhook, secret=os.environ.get(_SECRET, "")) if webhook is not None else None
    if told is not None:
        check_webhook(told)
    with only_service(folder), listening(address, port) as taken:
        decisions = WatchedLog(log if log is not None else decision_log(folder))
        bound = Address(address, taken.getsockname()[1])
        token = folder / TOKEN_FILE
        place = Place(address, bound.port, bound.url, decision_log(folder).parent, printable(str(token), 1000))
        who = os_user(), {name: value for name, value in environment().items() if name != _SECRET}
        parts = whole(url, decisions, fresh_token(folder), place, who, _report, told, announce=_announce_next)
        lines = [
            f"store: {printable(parts.site.snapshots.store.shown, 1000)}",
            f"listening on {bound.url}",
            f"decisions are logged to {printable(str(decisions.path), 1000)}",
            f"programs use the token in {place.token_file}",
            *([f"denials and findings are told to {parts.notifier.shown}"] if parts.notifier is not None else []),
            "the web UI opens once by this address:",
            f"open {parts.site.door.one_time_address}",
        ]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        try:
            is_interrupted = serve(parts, taken)
        finally:
            decisions.close()
    _tell_end(is_interrupted)


def _announce_next(address: str) -> None:
    """Says the next one-time address where the start said the first, and alike; output that nobody takes must not stop who signed in."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(f"somebody signed in; another browser opens the web UI once by this address:\nopen {address}\n")
        sys.stdout.flush()


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
    _tell_end(is_interrupted)


def _tell_end(is_interrupted: bool) -> None:
    _report("ended: nothing is served any more")
    if is_interrupted:
        raise typer.Exit(130)


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
