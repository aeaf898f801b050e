"""`remit draft`, `remit approve`, `remit owner` and `remit why`: what an agent is for, and who says so."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from remit.app.cli.options import AgentId, AsJson, AsPerson, StoreUrl, next_command, now, open_current, os_user, person, print_json, say
from remit.model.errors import DocumentError, RefusedError
from remit.model.shown import printable
from remit.model.times import text_from_time


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("draft", epilog="    remit draft cost-triage --write cost-triage.yaml")(draft)
    app.command("approve", epilog="    remit approve cost-triage.yaml --as dana@example.com")(approve)
    app.command("owner", epilog="    remit owner cost-triage dana@example.com")(owner)
    app.command("why", epilog="    remit why 0192f3a1-7c2e-7000-8000-2f6f0d9c1b4a\n    remit why cost-triage")(why)


def draft(
    identifier: AgentId,
    write: Annotated[Path | None, typer.Option("--write", metavar="FILE", help="Write the draft here; an existing file is kept.")] = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
    as_person: AsPerson = None,
) -> None:
    """Draft a remit from what is declared, inferred and observed, each line with its sources. What is granted is no reason.

    What could not be settled stands there as a comment. Nothing becomes active: a person reads it and approves it.
    """
    from remit.app.cli.page import counted
    from remit.app.loop import draft_of, note_draft
    from remit.app.views.intent_json import draft_json
    from remit.understand.document import document

    current = open_current(store)
    slug = current.known(identifier).agent.id
    found = draft_of(current, slug)
    text = document(found)
    if write is not None:
        _write_new(write, text)
        note_draft(current, slug, person(as_person, current.store), text_from_time(now()))
    if as_json:
        print_json({**draft_json(found, text), "written": None if write is None else str(write)})
    elif write is None:
        sys.stdout.write(text)
    else:
        lines, objectives = counted(len(found.lines), "line", "lines"), counted(len(found.objectives), "objective", "objectives")
        unsettled = counted(len(found.unresolved), "thing", "things")
        typer.echo(f"{printable(str(write), 1000)}: {lines} under {objectives}, {unsettled} unresolved")
        typer.echo("read it as its owner would: each line has its sources above it; what does not belong, take out")
    if found.contact is None:
        next_command(f"remit owner {slug} PERSON")
    elif write is not None:
        next_command(f"remit check {write}", f"remit approve {write} --as {found.contact}")
    else:
        next_command(f"remit draft {slug} --write {slug}.yaml")


def approve(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The remit file, read and agreed with.", show_default=False)],
    store: StoreUrl = None,
    as_json: AsJson = False,
    as_person: AsPerson = None,
) -> None:
    """Approve a remit: it is signed, becomes the version in force, and a discovered or draft agent becomes active.

    The approvers of the version in force approve the next one; a first version needs the owner set by `remit owner` among its own.
    """
    from remit.app.intent import approve as approve_file
    from remit.app.loop import look_again
    from remit.app.views.intent_json import approved_json
    from remit.document.check import check

    current = open_current(store)
    by = person(as_person, current.store)
    at = now()
    try:
        done = approve_file(current, file, by, os_user(), text_from_time(at))
    except DocumentError as error:
        for problem in error.problems:
            say(str(problem))
        raise typer.Exit(1) from error
    if done.is_new:
        look_again(current, text_from_time(at))
    for problem in check(done.remit, at.date().isoformat()):
        say(str(problem))
    if as_json:
        print_json(approved_json(done))
    elif done.is_new:
        typer.echo(f"version {done.version.version} of `{done.remit.agent}` is in force, approved by {printable(by)} (as claimed)")
        typer.echo(f"the agent is {done.standing.state}")
    else:
        typer.echo(f"version {done.version.version} of `{done.remit.agent}` is this very document already: nothing to do")
    next_command(f"remit agent {done.remit.agent}", f"remit plan {done.remit.agent}")


def owner(
    identifier: AgentId,
    named: Annotated[str, typer.Argument(metavar="PERSON", help="Who answers for the agent, such as a mail address.", show_default=False)],
    store: StoreUrl = None,
    as_json: AsJson = False,
    as_person: AsPerson = None,
) -> None:
    """Set who answers for an agent. The owner approves its first remit."""
    from remit.app.intent import set_owner
    from remit.app.loop import look_again
    from remit.app.views.intent_json import ownership_json

    current = open_current(store)
    at = text_from_time(now())
    ownership = set_owner(current, identifier, named, person(as_person, current.store), at)
    look_again(current, at)
    if as_json:
        print_json(ownership_json(ownership))
    else:
        typer.echo(f"{printable(ownership.person)} owns `{ownership.agent}` since {ownership.since}")
    if ownership.agent not in current.versions:
        next_command(f"remit draft {ownership.agent} --write {ownership.agent}.yaml")


def why(
    decision: Annotated[
        str,
        typer.Argument(
            metavar="DECISION",
            help="Id of a decision, as a decision log has it; or an agent, for the last one that denied it.",
            show_default=False,
        ),
    ],
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say what a decision rests on, and the smallest change to the remit that would turn it."""
    from remit.app.cli.page import Page
    from remit.app.meant import decision_meant
    from remit.app.turn import catch_up
    from remit.app.views.intent_json import why_json
    from remit.understand.turning import why as why_of

    current = open_current(store)
    if current.store.decision(decision) is None:
        # What a point wrote a moment ago is what is asked about most.
        for scan in catch_up(current):
            if scan.fault:
                say(f"remit: {scan.fault}")
    event = decision_meant(current, decision)
    remit = current.remit_to_act_by(event.agent)
    found = why_of(event, remit, current.state(event.agent), list(current.vocabularies.values()), now().timestamp())
    if as_json:
        print_json(why_json(event, found))
        return
    page = Page()
    page.line((printable(found.because, 2000), "bold"))
    on = f" on {printable(event.resource)}" if event.resource != event.action else ""
    page.line(f"{event.happened}, agent `{event.agent}`, {printable(event.action)}{on} at {printable(event.system)}", indent=2)
    if found.rule:
        by = "asked now, the remit in force answers by" if found.is_otherwise else "by the remit in force:"
        page.line(f"{by} `{found.rule}`{f' ({printable(found.place, 500)})' if found.place else ''}", indent=2)
    page.line(("To turn it: ", "bold"), found.turn)
    if found.proposal:
        typer.echo(f"    {found.proposal}")


def _write_new(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise RefusedError(f"`{printable(str(path), 1000)}` exists, and may hold work of a person; choose another name") from error
    except OSError as error:
        raise RefusedError(f"`{printable(str(path), 1000)}` cannot be written: {(error.strerror or str(error)).lower()}") from error
