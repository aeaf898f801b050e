"""`remit agents` and `remit agent ID`: the four questions, answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from remit.app.cli.options import AgentId, AsCsv, AsJson, StoreUrl, next_command, open_current, print_json, say
from remit.model.verbs import Verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from remit.app.current import Current
    from remit.model.standing import KnownAgent


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("agents", epilog="    remit agents\n    remit agents --can delete --on lumen-orders\n    remit agents --csv > agents.csv")(
        agents
    )
    app.command("agent", epilog="    remit agent cost-triage\n    remit agent cost-triage --json | jq .alignment")(agent)


def agents(
    store: StoreUrl = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    gone: Annotated[bool, typer.Option("--gone", help="List agents too that no source shows any more.")] = False,
    can: Annotated[Verb | None, typer.Option("--can", help="Only agents that can do this.")] = None,
    on: Annotated[str, typer.Option("--on", metavar="TEXT", help="Only agents that can do it to a resource that holds this text.")] = "",
) -> None:
    """List every agent: what it is, who owns it, as whom it acts. Riskiest first.

    With `--can` or `--on`: which agents can do that, by what their identities are granted now or by the tools that they have, and how.
    """
    from remit.app.views.agents_json import agents_json, by_risk
    from remit.app.views.who_can import Asked, those_who_can

    current = open_current(store)
    asked = Asked(verb=can, on=on.strip())
    if as_json:
        print_json(agents_json(current, with_gone=gone, asked=asked))
        return
    listed, answer = those_who_can(current, asked, by_risk(current, with_gone=gone))
    if as_csv:
        from remit.app.views.agents_csv import agents_csv

        typer.echo(agents_csv(current, listed), nl=False)
    else:
        from remit.app.cli.agents_text import show_agents

        show_agents(current, listed, answer)
        _say_what_is_next(current, listed)


def agent(
    identifier: AgentId,
    store: StoreUrl = None,
    as_json: AsJson = False,
    everything: Annotated[bool, typer.Option("--all", help="List every line of access; else the first of each class.")] = False,
) -> None:
    """Show one agent: who owns it, what identities it uses, what it is for, what it can access and why.

    Needed comes from the approved remit; without one from the draft, and the page says so. Never from what is granted.
    """
    current = open_current(store)
    known = current.known(identifier)
    if as_json:
        from remit.app.views.agents_json import agent_page_json

        print_json(agent_page_json(current, known))
        return
    from remit.app.cli.agents_text import show_agent
    from remit.app.loop import alignment_of
    from remit.app.views.shared_use import told_with_shared_use

    alignment = told_with_shared_use(current, alignment_of(current, known.agent.id))
    access = current.access_of([bound.principal for bound in current.bound_by_agent.get(known.agent.id, ())])
    show_agent(current, known, access, alignment, everything=everything)
    _say_what_fits(current, known)


def _say_what_is_next(current: Current, listed: Sequence[KnownAgent]) -> None:
    if not current.connections:
        next_command("remit connect code PATH", "remit connect aws", "remit connect postgres URL")
    elif (riskiest := next((known.agent.id for known in listed if not known.is_gone), None)) is not None:
        next_command(f"remit agent {riskiest}")


def _say_what_fits(current: Current, known: KnownAgent) -> None:
    from remit.app.views.half_done import half_done_of, half_done_text, ways_on

    slug = known.agent.id
    state = current.state(slug)
    half_done = half_done_of(current.plans.of(slug))
    for plan in half_done:
        say(half_done_text(plan))
    if half_done:
        next_command(*(f"{command} # {what}" for command, what in ways_on(half_done[-1], current.owner(slug) or "PERSON")))
    elif state == "suspended":
        next_command(f"remit release {slug}")
    elif state == "retired":
        next_command("remit agents")
    elif current.owner(slug) is None:
        next_command(f"remit owner {slug} PERSON", f"remit draft {slug} --write {slug}.yaml")
    elif slug not in current.remits:
        next_command(f"remit draft {slug} --write {slug}.yaml")
    else:
        next_command(f"remit plan {slug}", f"remit findings --agent {slug}")
