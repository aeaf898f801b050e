"""What people settle about an agent: the draft that they read, the remit that they approve, who answers for it."""

from __future__ import annotations

from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from remit.app.api.agent_shapes import Approved, Draft, Ownership
from remit.app.api.bodies import NewOwner, NewRemit
from remit.app.api.exchange import Sent, answered, known_agent
from remit.app.intent import approve_text, set_owner
from remit.app.loop import draft_of, look_again
from remit.app.persons import acting
from remit.app.views.intent_json import approved_json, draft_json, ownership_json
from remit.app.web.site import Site
from remit.document.parse import parse_or_raise
from remit.model.errors import UsageError
from remit.understand.document import document


@get(
    "/agents/{agent_id:str}/draft",
    sync_to_thread=True,
    operation_id="draftRemit",
    summary="What the agent seems to be for, line by line with its sources",
    description="As `remit draft ID --json`. Nothing becomes active by it.",
    opt={"answer": Draft},
    tags=["remits"],
)
def read_draft(agent_id: FromPath[str], site: NamedDependency[Site]) -> Response[bytes]:
    """Made anew from what the store holds."""
    current = site.current
    found = draft_of(current, known_agent(current, agent_id).agent.id)
    return answered(draft_json(found, document(found)))


@post(
    "/agents/{agent_id:str}/remit",
    sync_to_thread=True,
    status_code=200,
    operation_id="approveRemit",
    summary="Approve a remit: it is signed, and is the version in force",
    description="As `remit approve FILE --json`. A document with problems is 422, with all of them.",
    opt={"answer": Approved, "body": NewRemit, "example": {"document": "remit: 1\nagent: cost-triage\n...", "person": "dana@example.com"}},
    tags=["remits"],
)
def approve(agent_id: FromPath[str], site: NamedDependency[Site], sent: NamedDependency[Sent]) -> Response[bytes]:
    """The document must be of the agent in the address."""
    given = sent.read(NewRemit)
    current = site.fresh()
    slug = known_agent(current, agent_id).agent.id
    text, path = given.document.encode("utf-8", "replace"), f"{slug}.yaml"
    remit = parse_or_raise(text, path)
    if remit.agent != slug:
        raise UsageError(f"the document is of `{remit.agent}`, and the address of `{slug}`")
    person = acting(given.person, site.os_user, is_local=site.is_local, called="`person`")
    done = approve_text(current, text, path, person, site.os_user, site.now())
    if done.is_new:
        look_again(current, site.now())
    return answered(approved_json(done))


@put(
    "/agents/{agent_id:str}/owner",
    sync_to_thread=True,
    operation_id="setOwner",
    summary="Set who answers for the agent",
    description="As `remit owner ID PERSON --json`. The owner approves its first remit.",
    opt={"answer": Ownership, "body": NewOwner, "example": {"owner": "dana@example.com"}},
    tags=["agents"],
)
def own(agent_id: FromPath[str], site: NamedDependency[Site], sent: NamedDependency[Sent]) -> Response[bytes]:
    """Findings about it are looked at again."""
    given = sent.read(NewOwner)
    current = site.fresh()
    slug = known_agent(current, agent_id).agent.id
    person = acting(given.person, site.os_user, is_local=site.is_local, called="`person`")
    ownership = set_owner(current, slug, given.owner, person, site.now())
    look_again(current, site.now())
    return answered(ownership_json(ownership))


READING = (read_draft,)
CHANGING = (approve, own)
