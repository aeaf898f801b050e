"""`remit gateway`: an agent's MCP server behind its remit."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remit.app.cli.options import StoreUrl
from remit.model.errors import DocumentError, RefusedError, UsageError
from remit.model.ids import agent_slug, system_id
from remit.model.shown import printable

if TYPE_CHECKING:
    from remit.app.remits import Policy, Remits
    from remit.model.remit import Remit

    OpenPolicy = Callable[[Path, bool], tuple[Remit, Callable[[], Policy]]]
    """From the state folder and whether to observe: the remit as it is now, and what is decided by at each call."""

_EPILOG = """In the configuration of an MCP client, put the gateway in front of the server's own command:

    {"mcpServers": {"files": {"command": "remit", "args":
      ["gateway", "--remit", "/path/to/remit.yaml", "--name", "files", "--",
       "npx", "-y", "@modelcontextprotocol/server-filesystem", "/data"]}}}

On the first day add "--observe" after "gateway": calls are decided and logged, and what the remit would deny passes.
Lines of the log with "would":"deny" are what would have been blocked."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    # Everything after the first word of COMMAND belongs to it, with or without `--`.
    app.command("gateway", epilog=_EPILOG, context_settings={"allow_interspersed_args": False})(gateway)


def gateway(
    command: Annotated[list[str] | None, typer.Argument(metavar="-- COMMAND ARGS...", help="The MCP server to start.")] = None,
    remit: Annotated[Path | None, typer.Option("--remit", metavar="FILE", help="The agent's remit; a change is taken over.")] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="SERVER", help="The server's name in the remit (mcp:SERVER); needed where it names several."),
    ] = None,
    task: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The person's words; values that only a tool result holds are held back.")
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append decisions here. Default: decisions/decisions.jsonl in the state folder."),
    ] = None,
    observe: Annotated[
        bool, typer.Option("--observe", help="Decide and log, and let pass what the remit would deny; put it before --.")
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the log, quarantines and known tools stand. "
            "Default: ~/.local/state/remit (macOS: ~/Library/Application Support/remit).",
            show_default=False,
        ),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option("--agent", metavar="ID", help="The agent whose approved remit the store holds; a quarantine holds at the next call."),
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Start an MCP server and decide before every call of its tools (standard input and output).

    A denied call is answered with the line of the remit that it rests on, and never reaches the server.
    Reading a resource of the server is decided like a call of a tool named resources/read with the argument uri.
    """
    if (remit is None) == (agent is None):
        raise UsageError("the gateway needs either `--remit FILE` or `--agent ID`")
    if store is not None and agent is None:
        raise UsageError("`--store` goes with `--agent ID`")
    if not command:
        raise UsageError("the gateway needs the server's command: `remit gateway --remit FILE -- COMMAND ARGS...`")
    if task is not None and not task.strip():
        raise UsageError("`--task` is empty; leave it out where the person's words are not known")
    open_policy = _policy_of_file(remit) if remit is not None else _policy_of_store(agent or "", store)
    raise typer.Exit(_run(open_policy, command, name=name, task=task, log=log, is_observed=observe, state=state))


def _run(
    open_policy: OpenPolicy,
    command: list[str],
    *,
    name: str | None,
    task: str | None,
    log: Path | None,
    is_observed: bool,
    state: Path | None,
) -> int:
    if sys.platform == "win32":
        raise RefusedError("the gateway runs on Linux and macOS; on Windows use it inside WSL")
    # Here, because help and wrong usage need none of it.
    from remit.app.settings import decision_log, state_folder
    from remit.app.wiring import Decider
    from remit.points.mcp.gateway import Gateway
    from remit.points.mcp.pins import Pins
    from remit.points.mcp.process import Relay, report_to_stderr
    from remit.store.decisions import DecisionLog, Ids

    folder = state_folder(state)
    try:
        held, fresh = open_policy(folder, is_observed)
    except DocumentError as error:
        sys.stderr.write("".join(f"{problem}\n" for problem in error.problems))
        return 1
    system = _system(held, name)
    decisions = DecisionLog(log if log is not None else decision_log(folder))
    decide = Decider(fresh, decisions, point="mcp")
    session = decide.open_session(held.agent, Ids().make(time.time_ns()), task)
    pins = Pins(system, folder / "tools" / f"{system.replace(':', '-')}.json", report_to_stderr)
    relay = Relay(command, report=report_to_stderr)
    mode = "observe (by --observe)" if is_observed else held.mode.value
    report_to_stderr(f"`{held.agent}` at `{system}`, mode {mode}; decisions are logged to {printable(str(decisions.path), 1000)}")
    try:
        return relay.run(Gateway(decide, agent=held.agent, system=system, session=session, pins=pins, report=report_to_stderr))
    finally:
        decisions.close()


def _policy_of_file(path: Path) -> OpenPolicy:
    """From a remit file: it counts as approved, and a change of it is taken over."""

    def open_policy(folder: Path, is_observed: bool) -> tuple[Remit, Callable[[], Policy]]:
        from remit.app.remits import Remits
        from remit.app.settings import suspended_file
        from remit.app.wiring import vocabularies
        from remit.points.mcp.process import report_to_stderr

        remits = Remits(
            path,
            suspended_path=suspended_file(folder),
            vocabularies=vocabularies("mcp"),
            is_observed=is_observed,
            report=report_to_stderr,
            clock_ns=time.time_ns,
        )

        def fresh() -> Policy:
            # INVARIANT (next call): a changed, broken or deleted file, and a quarantine, hold from the next decision on.
            remits.refresh()
            return remits.policy

        return _only_remit(remits, path), fresh

    return open_policy


def _policy_of_store(agent: str, url: str | None) -> OpenPolicy:
    """From the store: the approved remit in force, asked for at every call."""

    def open_policy(_folder: Path, is_observed: bool) -> tuple[Remit, Callable[[], Policy]]:
        from remit.app.cli.options import open_store_for_decisions
        from remit.app.store_policy import StorePolicy
        from remit.app.wiring import vocabularies

        slug = agent_slug(agent)
        # An empty store in the place of one that is gone would know no agent, and nobody would learn that it is gone.
        fresh = StorePolicy(lambda: open_store_for_decisions(url), agent=slug, vocabularies=vocabularies("mcp"), is_observed=is_observed)
        policy = fresh()
        if policy.fault:
            raise RefusedError(policy.fault)
        entry = policy.index.entries.get(slug)
        if entry is None:
            raise _unknown(slug, url)
        if entry.remit is None:
            raise RefusedError(entry.fault or f"agent `{slug}` has no approved remit; `remit draft {slug} --write {slug}.yaml` begins one")
        return entry.remit, fresh

    return open_policy


def _unknown(slug: str, url: str | None) -> RefusedError:
    """What is said of an agent that the store does not know."""
    from remit.app.cli.options import open_store_for_decisions
    from remit.app.current import nearest
    from remit.model.standing import Standing

    with open_store_for_decisions(url) as store:
        near = nearest(slug, [standing.agent for standing in store.all(Standing)])
    return RefusedError(f"the store knows no agent `{slug}`{near}; `remit agents` lists those that it knows")


def _only_remit(remits: Remits, path: Path) -> Remit:
    held = list(remits.policy.remits.values())
    if len(held) != 1:
        names = ", ".join(f"`{remit.agent}`" for remit in held)
        raise RefusedError(f"`{printable(str(path))}` holds remits of {names}; give the file of one agent")
    return held[0]


def _system(remit: Remit, name: str | None) -> str:
    """`mcp:SERVER`, by name or because the remit names only one."""
    named = sorted(_mcp_systems(remit))
    if name is not None:
        system = str(system_id(f"mcp:{name.removeprefix('mcp:')}"))
        if system not in named:
            others = f", only {', '.join(f'`{other}`' for other in named)}" if named else ""
            sys.stderr.write(f"remit gateway: the remit names no `{system}`{others}; every call of it is denied\n")
        return system
    if len(named) == 1:
        return named[0]
    if not named:
        raise UsageError(f"{remit.path} names no MCP server; say which one this is with `--name SERVER`")
    raise UsageError(f"{remit.path} names {', '.join(f'`{system}`' for system in named)}; say which one this is with `--name SERVER`")


def _mcp_systems(remit: Remit) -> Iterable[str]:
    systems = {capability.system for _, capability in remit.capabilities()} | {never.system for never in remit.never}
    return {system for system in systems if system.startswith("mcp:")}
