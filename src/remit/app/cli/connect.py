"""`remit connect`, `remit disconnect` and `remit scan`: what Remit reads, and reading it again."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from remit.app.cli.options import AsJson, StoreUrl, environment, next_command, open_current, print_json, say
from remit.app.cli.progress import Reading
from remit.model.errors import RefusedError, UsageError
from remit.model.shown import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from remit.app.current import Current
    from remit.app.turn import Turn
    from remit.model.connection import Connection

Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="What to call the connection. Default: from what is connected.", show_default=False),
]
PrintPolicy = Annotated[
    str | None,
    typer.Option("--print-policy", metavar="read|write", help="Print the least privilege that Remit needs there, and connect nothing."),
]
_AWS_EPILOG = """    remit connect aws --profile audit --trail s3://org-trail/AWSLogs
    remit connect aws --profile audit --write-profile remit-write --name prod
    remit connect aws --print-policy read --trail s3://org-trail/AWSLogs > remit-read.json"""
_POSTGRES_EPILOG = """    remit connect postgres postgresql://remit_read@db.internal/finops --log /var/log/postgresql
    remit connect postgres --print-policy read | psql finops

Passwords are never part of the URL: PGPASSWORD, ~/.pgpass, PGPASSFILE and PGSERVICE work."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(no_args_is_help=True, help="Connect what Remit reads: code, AWS, Postgres, decision logs. Each is scanned at once.")
    group.command("code", epilog="    remit connect code ~/src/shop")(connect_code)
    group.command("aws", epilog=_AWS_EPILOG)(connect_aws)
    group.command("postgres", epilog=_POSTGRES_EPILOG)(connect_postgres)
    group.command("decisions", epilog="    remit connect decisions /var/log/remit/edge.jsonl")(connect_decisions)
    app.add_typer(group, name="connect")
    app.command("disconnect", epilog="    remit disconnect aws:main")(disconnect)
    app.command("scan", epilog="    remit scan\n    remit scan --json | jq .findings")(scan)


def connect_code(
    path: Annotated[str, typer.Argument(metavar="PATH", help="Folder of code and configuration.", show_default=False)],
    name: Name = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Connect a folder of code and configuration, and scan it. Nothing in it is executed."""
    from remit.app.connections import code_connection

    if not os.path.exists(path):
        raise RefusedError(f"`{printable(path, 1000)}` does not exist")
    _connect(store, as_json, lambda known, since: code_connection(path, name, known, since))


def connect_aws(
    profile: Annotated[str | None, typer.Option(metavar="P", help="Profile that reads; default: the usual chain of credentials.")] = None,
    write_profile: Annotated[str | None, typer.Option(metavar="P", help="Profile that changes; without it Remit only reads.")] = None,
    endpoint_url: Annotated[str | None, typer.Option(metavar="URL", help="Another address than AWS, for a compatible server.")] = None,
    region: Annotated[str | None, typer.Option(metavar="R", help="Region of agents and runtimes. Default: the profile's.")] = None,
    trail: Annotated[str | None, typer.Option(metavar="s3://BUCKET/PREFIX", help="Where CloudTrail writes its files.")] = None,
    name: Name = None,
    print_policy: PrintPolicy = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Connect an AWS account: identities, grants, agents hosted there, and its trail. Keys are never kept, only profiles."""
    from remit.app.connections import aws_connection

    settings = {"profile": profile, "write_profile": write_profile, "endpoint_url": endpoint_url, "region": region, "trail": trail}
    if print_policy is not None:
        _print_policy(aws_connection(settings, name, (), ""), print_policy, as_json=as_json)
    else:
        _connect(store, as_json, lambda known, since: aws_connection(settings, name, known, since))


def connect_postgres(
    url: Annotated[
        str | None, typer.Argument(metavar="URL", help="`postgresql://ROLE@HOST/DATABASE`, without a password.", show_default=False)
    ] = None,
    write_url: Annotated[
        str | None, typer.Option(metavar="URL", help="The same with the role that changes; without it Remit only reads.")
    ] = None,
    log: Annotated[str | None, typer.Option(metavar="FOLDER", help="Folder of the server's JSON logs (log_destination = jsonlog).")] = None,
    name: Name = None,
    print_policy: PrintPolicy = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Connect a Postgres database: roles, memberships, grants, owners, and its JSON log."""
    from remit.app.connections import postgres_connection

    settings = {"write_url": write_url, "log": log}
    if print_policy is not None:
        shown = url or "postgresql://remit_read@localhost/postgres"
        _print_policy(postgres_connection(shown, settings, name, (), ""), print_policy, as_json=as_json)
        return
    if url is None:
        raise UsageError("give the database's address: `remit connect postgres postgresql://ROLE@HOST/DATABASE`")
    _connect(store, as_json, lambda known, since: postgres_connection(url, settings, name, known, since))


def connect_decisions(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Decision log of a gateway or service (`--log`).", show_default=False)],
    name: Name = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Connect the decision log of an enforcement point that has no store."""
    from remit.app.connections import decisions_connection

    _connect(store, as_json, lambda known, since: decisions_connection(file, name, known, since))


def disconnect(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The connection: `aws:main`, `main` or `aws`.", show_default=False)],
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Stop reading a connection: what came from it is marked as gone, its history stays."""
    from remit.app.turn import forget

    current = open_current(store)
    turn = forget(current, name)
    if as_json:
        from remit.app.views.turn_json import turn_json

        print_json(turn_json(turn))
    else:
        typer.echo(f"`{turn.connections[0]}` is disconnected; its history stays")
        _print_turn(current, turn)
        next_command("remit agents")


def scan(store: StoreUrl = None, as_json: AsJson = False) -> None:
    """Read everything again: evidence, audit records, decision logs. Prints what is new, changed and gone.

    Exit codes: 0 done, with what could not be read; 1 nothing could be opened; 2 wrong usage.
    """
    from remit.app.turn import turn

    current = open_current(store)
    if not current.connections:
        raise RefusedError(
            "nothing is connected; begin with `remit connect code PATH`, `remit connect aws` or `remit connect postgres URL`"
        )
    with Reading(is_quiet=as_json).interruptible() as reading:
        found = turn(current, list(current.connections.values()), environment(), reading.counted, reading.told)
    _finish(current, found, as_json, [])


def _connect(store: str | None, as_json: bool, make: Callable[[list[Connection], str], Connection]) -> None:
    from remit.app.turn import connect
    from remit.model.connection import Connection
    from remit.model.times import text_from_time

    current = open_current(store)
    connection = make(current.store.all(Connection), text_from_time(current.now))
    with Reading(is_quiet=as_json).interruptible() as reading:
        reading.so_far = f"`{connection.id}` is remembered, `remit disconnect {connection.id}` forgets it"
        found = connect(current, connection, environment(), reading.counted, reading.told)
    _finish(current, found, as_json, [connection.id])


def _finish(current: Current, found: Turn, as_json: bool, connected: list[str]) -> None:
    from remit.app.views.turn_text import blind_spots, faults, has_failed

    failed, unseen = faults(found), blind_spots(found)
    # A connection that could not be read has failed, whatever else was read beside it.
    has_ended_badly = has_failed(found) or found.kept_settings or found.is_not_kept
    if as_json:
        from remit.app.views.turn_json import turn_json

        print_json({**({"connection": connected[0]} if connected else {}), **turn_json(found)})
    elif not has_ended_badly:
        _print_turn(current, found)
        _print_actors(current, found)
    for name, fault in failed:
        say(f"remit: `{name}`: {fault}")
    for name, what in unseen:
        say(f"remit: `{name}`: {what}")
    if found.kept_settings:
        say(f"`{connected[0]}` keeps the settings that it had before; mend what was given, and connect it again")
    elif found.is_not_kept:
        say(f"`{connected[0]}` is not remembered, because nothing of it was ever read; mend this and connect it again")
    elif failed and connected:
        name = failed[0][0]
        say(f"it is remembered as `{name}`: mend this and `remit scan`, or connect it again, or `remit disconnect {name}`")
    elif not has_ended_badly:
        next_command(*(["remit doctor"] if failed or unseen else []), *(["remit findings"] if found.opened else []), "remit agents")
    if has_ended_badly:
        raise typer.Exit(1)


def _print_policy(connection: Connection, side: str, *, as_json: bool) -> None:
    from remit.contracts import registry

    if side not in ("read", "write"):
        raise UsageError(f"`--print-policy {printable(side, 40)}`: write `read` or `write`")
    native = registry.find("SYSTEM")[connection.kind].least_privilege(connection, side)
    if as_json:
        print_json({"policy": native.text, "media_type": native.media_type, "residue": [residue.why for residue in native.residue]})
        return
    sys.stdout.write(native.text if native.text.endswith("\n") else f"{native.text}\n")
    for residue in native.residue:
        say(f"remit: {residue.why}")


# --- printing ----------------------------------------------------------------------------------------------------------------------------


def _print_turn(current: Current, turn: Turn) -> None:
    from remit.app.cli.page import Page
    from remit.app.coverage import counts
    from remit.app.views.turn_text import coverage_line, turn_lines

    page = Page()
    for line in turn_lines(turn):
        if line.about:
            page.line((line.about, "bold"), f": {line.text}")
        else:
            page.line(line.text, indent=2 if line.is_detail else 0)
    coverage_text = coverage_line(counts(current))
    if coverage_text:
        page.line(f"coverage: {coverage_text}; `remit scan --json` lists each, and why")


def _print_actors(current: Current, found: Turn) -> None:
    """Who acts through the identity systems that were read: the first thing to know once one is connected."""
    for name in found.connections:
        here = {principal for principal, known in current.principals.items() if known.connection == name}
        if here:
            acting = sorted(slug for slug, bound in current.bound_by_agent.items() if any(one.principal in here for one in bound))
            typer.echo(f"{len(acting):,} of {len(current.agents):,} agents act through {name}")
