"""The `remit` command: joins the command groups, and turns every failure into a message and an exit code."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
import typer.core

from remit.model.errors import RefusedError, RemitError, UsageError
from remit.model.shown import printable

COMMANDS = {
    "connect": "remit.app.cli.connect",
    "scan": "remit.app.cli.connect",
    "disconnect": "remit.app.cli.connect",
    "agents": "remit.app.cli.agents",
    "agent": "remit.app.cli.agents",
    "discover": "remit.app.cli.discover",
    "owner": "remit.app.cli.intent",
    "draft": "remit.app.cli.intent",
    "check": "remit.app.cli.documents",
    "approve": "remit.app.cli.intent",
    "findings": "remit.app.cli.findings",
    "accept": "remit.app.cli.findings",
    "plan": "remit.app.cli.act",
    "apply": "remit.app.cli.act",
    "rollback": "remit.app.cli.act",
    "quarantine": "remit.app.cli.act",
    "release": "remit.app.cli.act",
    "retire": "remit.app.cli.act",
    "gateway": "remit.app.cli.gateway",
    "serve": "remit.app.cli.serve",
    "why": "remit.app.cli.intent",
    "doctor": "remit.app.cli.doctor",
    "compile": "remit.app.cli.documents",
    "evaluate": "remit.app.cli.evaluate",
}
"""Command -> the module that offers `register(app)`, in the order of the loop. Only that of the command that was typed is imported."""

_PANELS = {
    "Discover": ("connect", "scan", "disconnect", "agents", "agent", "discover"),
    "Understand": ("owner", "draft", "check", "approve"),
    "Right-size": ("findings", "accept", "plan", "apply", "rollback"),
    "Stop": ("quarantine", "release", "retire"),
    "Enforce at run time": ("gateway", "serve", "why"),
    "Besides": ("doctor", "compile", "evaluate"),
}
_ABOVE = "See it work"


class _InOrder(typer.core.TyperGroup):
    """Commands as they are listed here; Typer would put groups last."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command that was registered; those from above `app` first."""
        del ctx  # what there is does not depend on what was typed
        return [*(name for name in self.commands if name not in COMMANDS), *(name for name in COMMANDS if name in self.commands)]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # here: it costs more than everything else of a start

        typer.echo(f"remit {version('remit')}")
        raise typer.Exit


def build(words: list[str], above: Mapping[str, str] | None = None) -> typer.Typer:
    """The command line for these words: one command's module when the first word is a command, else all of them.

    `above`: commands of packages that stand above `app`, with their modules.
    """
    app = typer.Typer(
        name="remit",
        cls=_InOrder,
        help="Discover AI agents, and hold each to what it is for.",
        epilog="Begin with `remit connect code PATH`, then `remit agents`; every command says what comes next.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def main(
        _show_version: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
        ] = False,
    ) -> None:
        """Discover AI agents, and hold each to what it is for."""

    first = next((word for word in words if not word.startswith("-")), "")
    above = above or {}
    known = {**above, **COMMANDS}
    wanted = [known[first]] if first in known else list(dict.fromkeys(known.values()))
    for module in wanted:
        importlib.import_module(module).register(app)
    panels = {**dict.fromkeys(above, _ABOVE), **{name: panel for panel, names in _PANELS.items() for name in names}}
    for command in app.registered_commands:
        command.rich_help_panel = panels[command.name or ""]
    for group in app.registered_groups:
        group.rich_help_panel = panels[group.name or ""]
    return app


def run(above: Mapping[str, str]) -> None:
    """Runs the command of `sys.argv`; no input, however bad, ends in a traceback."""
    _prepare_streams()
    try:
        try:
            build(sys.argv[1:], above)()
        finally:
            sys.stdout.flush()  # what cannot be written is told here; the interpreter's own end would print how it failed
    except UsageError as error:
        sys.stderr.write(f"remit: {error}\n")
        sys.exit(2)
    except (RefusedError, RemitError) as error:
        sys.stderr.write(f"remit: {error}\n")
        sys.exit(1)
    except BrokenPipeError:
        _give_up_output()
        sys.exit(1)
    except OSError as error:
        # Commands put the faults of what they read into words of their own; what is left is output that nobody takes, which has no name.
        what = "the output cannot be written" if error.filename is None else f"`{printable(str(error.filename), 1000)}` cannot be used"
        sys.stderr.write(f"remit: {what}: {(error.strerror or 'unknown fault').lower()}\n")
        _give_up_output()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - INVARIANT (no traceback): and no text of it, for it may repeat what was read
        from remit.app.own_fault import own_fault  # here: only a mistake of Remit's own needs it

        sys.stderr.write(f"remit: {own_fault(error)}; what was begun is told by `remit doctor`\n")
        sys.exit(1)


def _prepare_streams() -> None:
    """Makes the three streams be there and be UTF-8, whatever the caller closed and whichever language it speaks."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            # Else the next file that is opened, such as the decision log, would stand where output is written to.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper) and number > 0:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _give_up_output() -> None:
    """Lets what could not be written vanish, so that the interpreter does not try it again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
