"""What the code and configuration of an agent would do, as claims (design section 3, "inferred").

Invariants:
- an action that no table knows, on a system that holds no identities, or on a thing that is not named, is no claim on a resource: it is
  told as unresolved, with its place;
- the verb is the vocabulary's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from remit.decide.statements.sql import VERBS as SQL_VERBS
from remit.model.agent import Agent, AgentKind, InferredAction
from remit.model.draft import Origin, Unresolved
from remit.model.errors import IdentifierError
from remit.model.evidence import McpServerSeen
from remit.model.identity import Because
from remit.model.ids import system_id
from remit.model.place import Place
from remit.model.shown import printable
from remit.model.verbs import CALL
from remit.understand.claim import Claim, Gathered
from remit.understand.client_tools import MARKDOWN, ClientTools, client_tools
from remit.understand.material import Material
from remit.understand.naming import aws_resource, container_of, model_arns, native_action, relation_of

_SQL_KINDS = frozenset({"postgres", "sql"})
"""How code's reader calls a database of Postgres: by its driver, or by a library for several databases."""
_MOST_NAMES = 8
_MODEL_ACTIONS = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")


def inferred(material: Material) -> Gathered:
    """The claims of code and configuration."""
    claims: list[Claim] = []
    unresolved: list[Unresolved] = []
    for action in material.agent.inferred_actions:
        kind = action.system.partition(":")[0]
        found = _of_aws(material, action) if kind == "aws" else _of_sql(material, action) if kind in _SQL_KINDS else _elsewhere(action)
        (claims if isinstance(found, Claim) else unresolved).append(found)  # type: ignore[arg-type]
        if isinstance(found, Claim) and found.resource is None:
            what = f"`{printable(action.action, 80)}` on a resource that the code does not name"
            unresolved.append(Unresolved(what=what, because=Because(place=action.because, text=f"calls {printable(action.action, 80)}")))
    claims += _model(material)
    of_client = client_tools(material.agent)
    claims += _tools(material, of_client)
    if of_client is not None:
        claims += _listed(material.agent, of_client)
        unresolved += _unsettled(material, of_client)
    elif material.agent.framework == MARKDOWN and material.agent.tools != ():
        unresolved.append(_of_no_client(material.agent))
    return Gathered(tuple(claims), tuple(dict.fromkeys(unresolved)))


def servers_of(agent: Agent, servers: Iterable[McpServerSeen]) -> tuple[McpServerSeen, ...]:
    """The active MCP servers that an agent is given: in its own files, or, of a local agent, in its client's configuration above it."""
    paths = {place.path for place in agent.places}
    return tuple(server for server in servers if server.is_active and (server.place.path in paths or _is_configured_for(agent, server)))


def _is_configured_for(agent: Agent, server: McpServerSeen) -> bool:
    if server.client == "code" or (agent.kind is not AgentKind.LOCAL and agent.framework != server.client):
        return False
    if agent.framework == MARKDOWN and agent.tools and not any(_names_server(tool, server.name) for tool in agent.tools):
        return False
    folder = server.place.path.rpartition("/")[0].removesuffix("/.vscode").removesuffix("/.cursor").removesuffix("/.claude")
    return folder in ("", ".vscode", ".cursor", ".claude") or any(place.path.startswith(f"{folder}/") for place in agent.places)


def _names_server(tool: str, server: str) -> bool:
    """Whether a list of tools lets a server in: all of it, or a tool of it; by the ways in which the clients write that."""
    return tool in ("*", server, f"mcp__{server}") or tool.startswith((f"mcp__{server}__", f"{server}/", f"{server}_", f"{server}:"))


def _of_aws(material: Material, action: InferredAction) -> Claim | Unresolved:
    vocabulary = material.vocabularies.get("aws")
    because = Because(place=action.because, text=f"code calls {printable(action.action, 80)}")
    if vocabulary is None or vocabulary.fold(action.action) not in vocabulary.verbs:
        return Unresolved(what=f"`{printable(action.action, 80)}` is no action of AWS that Remit knows", because=because)
    resource = aws_resource(material.concerns.get("aws"), action.action, action.resource)
    if resource is None and action.action in _MODEL_ACTIONS:
        resource = next(iter(model_arns(material.agent.model)), None)
    return Claim(
        verb=vocabulary.verbs[vocabulary.fold(action.action)].value,
        system=f"aws:{action.action.partition(':')[0].lower()}",
        resource=resource,
        action=vocabulary.names.get(vocabulary.fold(action.action), action.action),
        origin=Origin.INFERRED,
        because=because,
        is_written_out=resource is None or resource != f"{container_of(resource)}/*",
    )


def _of_sql(material: Material, action: InferredAction) -> Claim | Unresolved:
    because = Because(
        place=action.because, text=f"code runs {printable(action.action, 40)} {printable(action.resource or '', 120)}".strip()
    )
    connections = databases_of(material)
    if not connections:
        what = f"`{because.text}` in a database that none of its identities is known to belong to"
        return Unresolved(what=what, because=because)
    native = native_action("postgres", action.action)
    vocabulary = material.vocabularies.get("postgres")
    verb = vocabulary.verbs.get(vocabulary.fold(native)) if vocabulary is not None else None
    named = verb.value if verb is not None else SQL_VERBS.get(action.action)
    if named is None:
        return Unresolved(what=f"`{printable(action.action, 40)}` is no action of Postgres that Remit knows", because=because)
    found = {connection: _table(material, connection, native, action.resource) for connection in connections}
    settled = {connection: resource for connection, resource in found.items() if resource is not None}
    if len(settled) != 1 and action.resource is not None:
        where = "several of its databases" if len(settled) > 1 else "none of its databases as one thing"
        return Unresolved(what=f"`{printable(action.resource, 120)}` stands in {where}", because=because)
    connection, resource = next(iter(settled.items()), (connections[0], None))
    return Claim(verb=named, system=connection, resource=resource, action=native, origin=Origin.INFERRED, because=because)


def _table(material: Material, connection: str, native: str, name: str | None) -> str | None:
    if native == "execute" and name is not None:
        return f"function/{name if '.' in name else f'public.{name}'}(*)"
    seen = (use.resource for use in material.uses if use.system == connection)
    found = relation_of(material.known, connection, name, seen)
    if found is None or connection not in material.known.relations or material.known.is_relation(connection, found):
        return found
    return None if len(databases_of(material)) > 1 else found


def databases_of(material: Material) -> tuple[str, ...]:
    """The connections to Postgres in which the agent has an identity; of one that is not connected, the name that its code gives it."""
    refs = [*(bound.principal for bound in material.bound), *(binding.ref for binding in material.agent.identities)]
    bound = dict.fromkeys(ref.partition("/")[0] for ref in refs[: len(material.bound)] if ref.startswith("postgres:"))
    return tuple(bound or dict.fromkeys(ref.partition("/")[0] for ref in refs if ref.startswith("postgres:") and "/" in ref))


def _elsewhere(action: InferredAction) -> Unresolved:
    on = printable(action.resource or action.system, 120)
    what = f"`{printable(action.action, 80)}` on `{on}`, in a kind of system that Remit does not hold"
    because = Because(place=action.because, text=f"{printable(action.system, 40)} {printable(action.action, 80)}")
    return Unresolved(what=what, because=because)


def _model(material: Material) -> Iterator[Claim]:
    """An agent whose model is one of Bedrock calls it with its own role, whatever library makes the call."""
    agent = material.agent
    because = Because(place=_named_at(agent, agent.model or ""), text=f"its model is {printable(agent.model or '', 120)}")
    for arn in model_arns(agent.model):
        yield Claim(verb="execute", system="aws:bedrock", resource=arn, action=_MODEL_ACTIONS[0], origin=Origin.INFERRED, because=because)


def _named_at(agent: Agent, name: str) -> Place:
    """The line that writes out its model or one of its tools; else where it is constructed."""
    return next((Place(path, line) for said, path, line in agent.named_at if said == name), agent.place)


def _tools(material: Material, of_client: ClientTools | None) -> Iterator[Claim]:
    """Tools of MCP servers: those that are named, else every tool of a server that the agent is given."""
    vocabulary = material.vocabularies.get("mcp")
    named: dict[str, list[tuple[str, str]]] = {}
    for written in material.agent.tools or ():
        parts = written.split("__", 2)
        if len(parts) == 3 and parts[0] == "mcp" and parts[1] and parts[2]:
            named.setdefault(parts[1], []).append((parts[2], written))
    for server, tool, written in of_client.of_servers if of_client is not None else ():
        named.setdefault(server, []).append((tool, written))
    for server, tools in named.items():
        for tool, written in tools:
            verb = vocabulary.verb_of(tool) if vocabulary is not None else None
            place = _named_at(material.agent, written)
            yield from _tool(server, tool, verb.value if verb is not None else CALL, place, f"its tools name {written}")
    for given in material.mcp_servers:
        if given.name not in named:
            yield from _tool(given.name, "*", CALL, given.place, f"it is given the MCP server {printable(given.name, 80)}")


def _tool(server: str, tool: str, verb: str, place: Place, text: str) -> Sequence[Claim]:
    try:
        system = str(system_id(f"mcp:{server}"))
    except IdentifierError:
        return ()
    because = Because(place=place, text=printable(text))
    return (Claim(verb=verb, system=system, resource=tool, action=tool if tool != "*" else "", origin=Origin.INFERRED, because=because),)


def _listed(agent: Agent, of_client: ClientTools) -> Iterator[Claim]:
    """Tools of its client that it lists: what it needs, by its own declaration."""
    for tool in of_client.listed:
        because = Because(place=_named_at(agent, tool.written), text=f"its tools name {printable(tool.written, 120)}")
        yield Claim(
            verb=tool.verb,
            system=of_client.system,
            resource=tool.name,
            action=tool.name,
            where=tool.where,
            origin=Origin.INFERRED,
            because=because,
        )


def _unsettled(material: Material, of_client: ClientTools) -> Iterator[Unresolved]:
    """What it lists and Remit cannot write as a line, or not as narrow."""
    agent = material.agent
    for tool in of_client.listed:
        if tool.is_cut:
            what = f"`{printable(tool.written, 120)}` is less than the line on `{tool.name}` says: narrow it by a `where`"
            yield Unresolved(what=what, because=Because(place=_named_at(agent, tool.written), text="its tools name it"))
    unknown = [name for name in of_client.unknown if not any(_names_server(name, server.name) for server in material.mcp_servers)]
    if unknown:
        shown = ", ".join(f"`{printable(name, 60)}`" for name in unknown[:_MOST_NAMES])
        more = f" and {len(unknown) - _MOST_NAMES} more" if len(unknown) > _MOST_NAMES else ""
        what = f"{shown}{more}: listed among its tools, and none of {of_client.client} that Remit knows"
        yield Unresolved(what=what, because=Because(place=_named_at(agent, unknown[0]), text="its tools name it"))


def _of_no_client(agent: Agent) -> Unresolved:
    """A subagent whose file does not tell which client runs it."""
    listed = "the tools that it lists are none of a client that Remit knows" if agent.tools else "it lists no tools"
    what = f"nothing tells which client runs it, and {listed}: what it can do is not known"
    return Unresolved(what=what, because=Because(place=agent.place, text="a subagent of a coding agent"))
