"""Agents: every one, and everything about one."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from remit.app.api.agent_shapes import AgentPage, Agents
from remit.app.api.exchange import answered, known_agent, page_of
from remit.app.coverage import coverage
from remit.app.views.agents_json import agent_in_answer_json, agent_page_json, by_risk
from remit.app.views.who_can import Asked, those_who_can
from remit.app.views.who_can_json import answer_json
from remit.app.web.site import Site
from remit.model.agent import AgentKind, AgentState
from remit.model.ids import AGENT_PREFIX
from remit.model.verbs import Verb

Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many at most.")]
After = Annotated[str | None, QueryParameter(description="`next` of the page before.")]


@get(
    "/agents",
    sync_to_thread=True,
    operation_id="listAgents",
    summary="Every agent, riskiest first",
    description="As `remit agents --json`; `coverage` stands on the first page alone. With `can` or `on` only agents that can do that, by "
    "what their identities are granted now or by the tools that they have; `can` of each says how.",
    opt={"answer": Agents},
    tags=["agents"],
)
def list_agents(
    site: NamedDependency[Site],
    standing: Annotated[AgentState | None, QueryParameter(name="state")] = None,
    owner: FromQuery[str | None] = None,
    kind: FromQuery[AgentKind | None] = None,
    text: Annotated[str | None, QueryParameter(description="Stands in the id, the name or the purpose.", max_length=200)] = None,
    can: FromQuery[Verb | None] = None,
    on: Annotated[str | None, QueryParameter(description="What they can reach: text that the resource holds.", max_length=200)] = None,
    gone: Annotated[bool, QueryParameter(description="Those too that no source shows any more.")] = False,
    limit: Limit = 100,
    after: After = None,
) -> Response[bytes]:
    """Filters, then cuts a page out."""
    current = site.current
    wanted = (text or "").casefold()
    fitting = [
        known
        for known in by_risk(current, with_gone=gone)
        if (standing is None or current.state(known.agent.id) is standing)
        and (owner is None or current.owner(known.agent.id) == owner)
        and (kind is None or known.agent.kind is kind)
        and any(wanted in (said or "").casefold() for said in (known.agent.id, known.agent.name, known.agent.purpose))
    ]
    listed, answer = those_who_can(current, Asked(verb=can, on=(on or "").strip()), fitting)
    page, following = page_of(listed, [AGENT_PREFIX + known.agent.id for known in listed], after, limit)
    document: dict[str, Any] = {
        "agents": [agent_in_answer_json(current, known, answer) for known in page],
        "coverage": coverage(current) if after is None else None,
        "total": len(listed),
        "next": following,
    }
    return answered(document if answer is None else {**document, "asked": answer_json(answer)})


@get(
    "/agents/{agent_id:str}",
    sync_to_thread=True,
    operation_id="readAgent",
    summary="One agent: owner, identities, access, and what of it is needed, granted and used",
    description="As `remit agent ID --json`.",
    opt={"answer": AgentPage},
    tags=["agents"],
)
def read_agent(agent_id: FromPath[str], site: NamedDependency[Site]) -> Response[bytes]:
    """Works out its access, and no other's."""
    current = site.current
    return answered(agent_page_json(current, known_agent(current, agent_id)))


READING = (list_agents, read_agent)
