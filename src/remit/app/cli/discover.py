"""`remit discover PATH`: which agents a folder holds, riskiest first, and what was looked at."""

from __future__ import annotations

import os
import sys
import time
from pathlib import PurePath
from typing import Annotated

import typer

from remit.app.discovery import discover
from remit.app.views.discovery_json import pieces
from remit.contracts import registry
from remit.contracts.source import Progress, Scope
from remit.discover.sources.code.ignore import is_pattern
from remit.model.errors import RefusedError, UsageError
from remit.model.evidence import GapKind
from remit.model.ledger import Inventory
from remit.model.shown import printable

_RESERVED = "endpoint"
_UNOPENED = frozenset({GapKind.NO_PERMISSION, GapKind.VANISHED, GapKind.SPECIAL})
_QUIET_SECONDS = 1.0
"""A scan that takes longer than this says how far it is."""


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("discover", epilog="    remit discover ~/src\n    remit discover endpoint --json | jq .mcp_servers")
    def discover_command(
        path: Annotated[str, typer.Argument(metavar="PATH", help="Folder (or single file) to look at. Nothing outside it is read.")],
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
        include: Annotated[
            list[str] | None,
            typer.Option(metavar="PATTERN", help="gitignore-style pattern of what to read although `.gitignore` names it. Repeatable."),
        ] = None,
        exclude: Annotated[
            list[str] | None, typer.Option(metavar="PATTERN", help="gitignore-style pattern of what to leave out. Repeatable.")
        ] = None,
        tests: Annotated[bool, typer.Option("--tests", help="List the agents in tests too; without it they are counted.")] = False,
    ) -> None:
        """Find every AI agent in a folder: what it is, what it is for, what it can do and as whom.

        Reads code (Python, TypeScript, notebooks), agent and MCP configuration, Terraform, compose, Kubernetes manifests, CI
        workflows and low-code exports. Nothing is executed, no network is used. The coverage ledger at the end says what was read,
        what was not, and why.

        Exit codes: 0 done (an empty folder too), 1 PATH is missing or nothing in it could be opened, 2 wrong usage.
        """
        if path == _RESERVED:
            raise UsageError(f"`{_RESERVED}` is a reserved word here and not built yet; a folder of that name is `./{_RESERVED}`")
        for pattern in (*(include or ()), *(exclude or ())):
            if not is_pattern(pattern):
                raise UsageError(f"`{printable(pattern)}` is not a gitignore pattern")
        scope = Scope(root=PurePath(path), include=tuple(include or ()), exclude=tuple(exclude or ()))
        _must_be_there(path)
        inventory = _scanned(scope)
        if as_json:
            for piece in pieces(inventory):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        else:
            from remit.app.cli.inventory_text import show  # the tables' library is not loaded for JSON

            show(inventory, path, with_tests=tests)
        if _nothing_opened(inventory):
            raise RefusedError(f"nothing in `{printable(path)}` could be opened: {inventory.ledger.skipped[0].what}")


def _must_be_there(path: str) -> None:
    try:
        os.stat(path)
    except FileNotFoundError:
        raise RefusedError(f"`{printable(path)}` is not there") from None
    except OSError as error:
        raise RefusedError(f"`{printable(path)}` cannot be opened: {error.strerror}") from None


def _scanned(scope: Scope) -> Inventory:
    """Runs the scan, with its progress on standard error where a person watches one that takes long."""
    sources = registry.find("SOURCE").values()
    if not sys.stderr.isatty():
        return discover(sources, scope)
    from rich.console import Console
    from rich.status import Status

    status = Status("", console=Console(stderr=True))
    started = time.monotonic()
    is_shown = False

    def on_progress(progress: Progress) -> None:
        nonlocal is_shown
        if time.monotonic() - started < _QUIET_SECONDS:
            return
        status.update(f"read {progress.files:,} files ({progress.bytes / 1e6:,.0f} MB)")
        if not is_shown:
            is_shown = True
            status.start()

    try:
        return discover(sources, Scope(root=scope.root, include=scope.include, exclude=scope.exclude, on_progress=on_progress))
    finally:
        if is_shown:
            status.stop()


def _nothing_opened(inventory: Inventory) -> bool:
    """Whether there was something to open and none of it could be."""
    ledger = inventory.ledger
    return not ledger.files_read and any(gap.kind in _UNOPENED for gap in ledger.skipped)
