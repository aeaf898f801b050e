"""`remit findings` and `remit accept`: where needed, granted and used disagree, and what a person says to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from remit.app.cli.options import AsCsv, AsJson, AsPerson, StoreUrl, next_command, now, open_current, person, print_json
from remit.app.views.findings_json import finding_json
from remit.model.finding import Finding, FindingState
from remit.model.shown import printable
from remit.model.times import text_from_time

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = ("id", "rule", "severity", "agent", "title", "evidence", "owner", "remedy", "state")


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("findings", epilog="    remit findings\n    remit findings --agent cost-triage --json")(findings)
    app.command("accept", epilog='    remit accept finding:0a1b2c3d4e5f --because "moves in January" --until 2027-01-31')(accept)


def findings(
    agent: Annotated[str | None, typer.Option("--agent", metavar="ID", help="Those of one agent.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    store: StoreUrl = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List what someone must act on, gravest first. A finding closes by itself when its evidence is gone."""
    from remit.app.findings import by_need, commands_in

    current = open_current(store)
    slug = current.known(agent).agent.id if agent is not None else None
    shown = [
        finding
        for finding in by_need(current.findings, {known: current.risk(known) for known in current.agents})
        if (everything or finding.state is not FindingState.CLOSED) and (slug is None or finding.is_about(slug))
    ]
    if as_json:
        print_json({"findings": [finding_json(finding) for finding in shown]})
    elif as_csv:
        typer.echo(_csv(shown), nl=False)
    else:
        from remit.app.cli.findings_text import show_findings

        show_findings(shown, list(current.connections))
        first = next((finding for finding in shown if finding.state is FindingState.OPEN), None)
        if first is not None:
            next_command(f"remit agent {first.agent}", *commands_in(first.remedy)[:1])


def accept(
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="Its id.", show_default=False)],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why it may stand.", show_default=False)],
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="The last day of it, YYYY-MM-DD.", show_default=False)],
    store: StoreUrl = None,
    as_json: AsJson = False,
    as_person: AsPerson = None,
) -> None:
    """Accept a finding until a date, with a reason. On the day after it is open again."""
    from remit.app import findings as findings_of

    at = now()
    last = findings_of.last_day(until, at.date(), "`--until`")
    said = findings_of.reason(because, "`--because`")
    current = open_current(store)
    accepted = findings_of.accept(current, finding, said, last, person(as_person, current.store), text_from_time(at))
    if as_json:
        print_json(finding_json(accepted))
    else:
        typer.echo(
            f"`{accepted.id}` is accepted until {last} by {printable(accepted.accepted_by)}; it stays listed, and is open again afterwards"
        )
        next_command("remit findings")


def _csv(shown: Sequence[Finding]) -> str:
    from remit.app.views.csv_text import csv_text

    return csv_text(_COLUMNS, ({**finding_json(finding), "evidence": " ".join(finding.evidence)} for finding in shown))
