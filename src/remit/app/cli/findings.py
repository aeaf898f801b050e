"""`remit findings` and `remit accept`: where needed, granted and used disagree, and what a person says to it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from remit.app.cli.options import AsCsv, AsJson, AsPerson, StoreUrl, next_command, now, open_current, person, print_json
from remit.model.errors import RefusedError, UsageError
from remit.model.finding import Finding, FindingState, Severity
from remit.model.ids import AGENT_PREFIX
from remit.model.shown import printable
from remit.model.times import text_from_time

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = ("id", "rule", "severity", "agent", "title", "evidence", "owner", "remedy", "state")
_ORDER = {severity: number for number, severity in enumerate((Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW))}


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
    current = open_current(store)
    slug = current.known(agent).agent.id if agent is not None else None
    shown = [
        finding
        for finding in current.findings
        if (everything or finding.state is not FindingState.CLOSED) and (slug is None or finding.agent == slug)
    ]
    shown.sort(
        key=lambda finding: (finding.state is FindingState.CLOSED, _ORDER[finding.severity], finding.agent, finding.rule, finding.key)
    )
    if as_json:
        print_json({"findings": [finding_json(finding) for finding in shown]})
    elif as_csv:
        typer.echo(_csv(shown), nl=False)
    else:
        from remit.app.cli.findings_text import show_findings

        show_findings(shown, list(current.connections))
        first = next((finding for finding in shown if finding.state is FindingState.OPEN), None)
        if first is not None:
            next_command(f"remit agent {first.agent}", *_commands(first.remedy)[:1])


def accept(
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="Its id.", show_default=False)],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why it may stand.", show_default=False)],
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="The last day of it, YYYY-MM-DD.", show_default=False)],
    store: StoreUrl = None,
    as_json: AsJson = False,
    as_person: AsPerson = None,
) -> None:
    """Accept a finding until a date, with a reason. On the day after it is open again."""
    at = now()
    try:
        last = date.fromisoformat(until)
    except ValueError as error:
        raise UsageError(f"`--until {printable(until, 40)}` is not a date; write it like `2027-01-31`") from error
    if last < at.date():
        raise UsageError(f"`--until {until}` is past; choose a day from today on")
    if not because.strip():
        raise UsageError("`--because` is empty; say why it may stand")
    current = open_current(store)
    with current.store.exclusive("scan"):
        found = _one(current.findings, finding)
        if found.state is FindingState.CLOSED:
            raise RefusedError(f"`{found.id}` is closed: its evidence is gone")
        by = person(as_person, current.store)
        accepted = msgspec.structs.replace(
            found, state=FindingState.ACCEPTED, accepted_until=until, accepted_because=because.strip(), accepted_by=by
        )
        current.store.put(accepted, seen=text_from_time(at), by=by)
    if as_json:
        print_json(finding_json(accepted))
    else:
        typer.echo(f"`{accepted.id}` is accepted until {until} by {printable(by)}; it stays listed, and is open again afterwards")
        next_command("remit findings")


def finding_json(finding: Finding) -> dict[str, Any]:
    """One finding (interfaces.md)."""
    return {
        "id": finding.id,
        "rule": finding.rule,
        "severity": finding.severity,
        "agent": AGENT_PREFIX + finding.agent,
        "title": finding.title,
        "evidence": list(finding.evidence),
        "owner": finding.owner,
        "remedy": finding.remedy,
        "state": finding.state,
        "opened": finding.opened or None,
        "closed": finding.closed or None,
        "accepted_until": finding.accepted_until,
        "accepted_because": finding.accepted_because or None,
        "accepted_by": finding.accepted_by or None,
    }


def _commands(remedy: str) -> list[str]:
    """The commands in a remedy: what stands between backticks."""
    return [part for part in remedy.split("`")[1::2] if part.startswith("remit ")]


def _one(known: Sequence[Finding], text: str) -> Finding:
    wanted = text if text.startswith("finding:") else f"finding:{text}"
    found = [finding for finding in known if finding.id == wanted] or [
        finding for finding in known if finding.id.startswith(wanted) and len(wanted) > 11
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RefusedError(f"there is no finding `{printable(text, 80)}`; `remit findings` lists them")
    raise RefusedError(f"`{printable(text, 80)}` fits {len(found)} findings: {', '.join(f'`{other.id}`' for other in found[:5])}")


def _csv(shown: Sequence[Finding]) -> str:
    from remit.app.cli.csv_text import csv_text

    return csv_text(_COLUMNS, ({**finding_json(finding), "evidence": " ".join(finding.evidence)} for finding in shown))
