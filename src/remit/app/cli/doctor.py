"""`remit doctor`: what is missing, and how to mend it."""

from __future__ import annotations

from collections import Counter

import typer

from remit.app.cli.options import AsJson, StoreUrl, environment, open_current, print_json
from remit.model.shown import printable


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("doctor", epilog="    remit doctor")(doctor)


def doctor(store: StoreUrl = None, as_json: AsJson = False) -> None:
    """Look at everything that a turn of the loop needs: store, connections, roles, logs, owners, half-done plans. Changes nothing.

    Exit codes: 0 nothing is broken, 1 something is.
    """
    from remit.app.doctor import Health, examine

    checks = list(examine(open_current(store), environment()))
    is_broken = any(check.health is Health.BROKEN for check in checks)
    if as_json:
        print_json(
            {
                "is_well": not is_broken,
                "checks": [
                    {"what": check.what, "health": check.health, "found": check.found, "mend": check.mend or None} for check in checks
                ],
            }
        )
    else:
        from remit.app.cli.page import Page

        page = Page()
        colours = {Health.OK: "green", Health.WARNING: "yellow", Health.BROKEN: "bold red"}
        for check in checks:
            page.item((check.health.value, colours[check.health]), (check.what, "bold"), f": {printable(check.found, 800)}", room=9)
            if check.mend:
                page.item("to do: ", printable(check.mend, 400), indent=9)
        counts = Counter(check.health for check in checks)
        words = {Health.OK: "ok", Health.WARNING: "to look at", Health.BROKEN: "broken"}
        page.line((", ".join(f"{counts[health]:,} {words[health]}" for health in Health if counts[health]), "bold"))
    if is_broken:
        raise typer.Exit(1)
