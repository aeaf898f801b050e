"""`remit demo`: the estate of real parts, and the whole story told on it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from remit.model.errors import RefusedError, UsageError
from remit.model.shown import printable

_FOLDER_OF_ROOT = Path("/var/lib/remit/demo")
_EPILOG = """    remit demo
    remit demo --once
    remit demo --no-story --folder ./estate"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo", epilog=_EPILOG)(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
    no_story: Annotated[
        bool, typer.Option("--no-story", help="Start the company and the web UI, connect nothing, and say how to type the steps by hand.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where everything of the run stands; emptied at each start. Default: remit/demo in your data folder.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Of the web UI; a free one is taken where it is taken.", min=0, max=65535)] = 8686,
) -> None:
    """Start a small company on this machine, with real servers, and tell the whole story on it.

    Twelve agents, an AWS-compatible server with its trail, a Postgres with its log, two MCP servers, ninety days of history. Every step
    is a command that it prints, and every claim is checked on the live servers. Then the web UI is up until Ctrl-C. Everything is on
    loopback, nothing is sent anywhere.

    Exit codes: 0 every claim held, 1 one did not, or the demo cannot start, 130 ended by Ctrl-C.
    """
    if once and no_story:
        raise UsageError("`--once` ends after the story, and `--no-story` tells none; give one of them")
    from remit.demo.narrator import Narrator  # here, because help and wrong usage need none of it
    from remit.demo.session import Options, run

    if folder is not None and os.geteuid() == 0 and (closed := closed_above(folder)) is not None:
        raise RefusedError(
            f"Postgres does not run as root, and other users may not enter `{printable(str(closed), 1000)}`; give a folder elsewhere"
        )
    wanted = Options(folder=folder or default_folder(), port=port, is_once=once, has_story=not no_story)
    try:
        code = run(wanted, Narrator())
    except KeyboardInterrupt:
        sys.stderr.write("\nended; everything that was started is stopped\n")
        raise typer.Exit(130) from None
    raise typer.Exit(code)


def default_folder() -> Path:
    """`remit/demo` in the user's data folder; for root, who mostly lets nobody in there, below /var/lib."""
    import platformdirs

    own = Path(platformdirs.user_data_dir("remit", appauthor=False)) / "demo"
    return _FOLDER_OF_ROOT if os.geteuid() == 0 and closed_above(own) is not None else own


def closed_above(folder: Path) -> Path | None:
    """The folder above that other users may not enter.

    Postgres refuses to run as root, so that it runs as a user of its own then; and what is closed to others stays closed.
    """
    return next((above for above in folder.absolute().parents if above.is_dir() and above.stat().st_mode & 0o005 != 0o005), None)
