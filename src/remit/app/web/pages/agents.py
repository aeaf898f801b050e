"""The list of agents, riskiest first."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from remit.app.current import Current
from remit.app.views.agents_csv import agents_csv
from remit.app.views.agents_json import by_risk
from remit.app.views.who_can import Asked, WhoCan, those_who_can
from remit.app.web.coverage import covered
from remit.app.web.listing import rows, sliced, text_of
from remit.app.web.paging import AT_ONCE, address, asked, asked_page
from remit.app.web.rendering import HEADERS
from remit.app.web.site import AnyRequest, Site
from remit.model.agent import AgentKind, AgentState
from remit.model.standing import KnownAgent
from remit.model.verbs import GRAVEST_FIRST, Verb


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which agents are wanted; empty fields want all."""

    q: str = ""
    state: str = ""
    owner: str = ""
    kind: str = ""
    remit: str = ""
    can: str = ""
    """A verb."""
    on: str = ""
    """Text that the resource holds."""

    def address(self, path: str = "/agents", **changed: str | int) -> str:
        """The list with this choice, some of it changed."""
        return address(path, {**msgspec.structs.asdict(self), **changed})

    @property
    def is_any(self) -> bool:
        """Whether something is left out."""
        return self != Choice()

    @property
    def asked(self) -> Asked:
        """What the agents are to be able to do; without a verb, anything on the resource."""
        return Asked(verb=Verb(self.can) if self.can else None, on=self.on)


_CHOICES = {
    "state": (
        ("", "Any state"),
        *((state.value, state.value.capitalize()) for state in AgentState),
        ("gone", "Gone: no source shows it"),
    ),
    "owner": (("", "With or without owner"), ("none", "Without an owner"), ("some", "With an owner")),
    "kind": (("", "Any kind"), *((kind.value, kind.value.capitalize()) for kind in AgentKind), ("unknown", "Not known")),
    "remit": (("", "With or without remit"), ("none", "No approved remit"), ("approved", "Approved"), ("broken", "Does not count")),
    "can": (("", "Whatever they can"), *((verb.value, verb.value.capitalize()) for verb in GRAVEST_FIRST)),
}


@get("/agents", sync_to_thread=True)
def agents(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Agents that fit the form's fields, a page at a time."""
    current = site.current
    choice = _choice(request)
    chosen, answer = _chosen(current, choice)
    part = sliced(chosen, asked_page(request), AT_ONCE)
    return site.page(
        request,
        "agents.html",
        choice=choice,
        choices=_CHOICES,
        part=part,
        rows=rows(current, part.items, answer),
        answer=answer,
        total=sum(not known.is_gone for known in current.agents.values()),
        coverage=covered(current),
    )


@get("/agents.csv", sync_to_thread=True)
def agents_file(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The same agents, all of them, for a spreadsheet."""
    current = site.current
    chosen, _ = _chosen(current, _choice(request))
    text = agents_csv(current, chosen).encode("utf-8", "backslashreplace")
    headers = {**HEADERS, "content-disposition": 'attachment; filename="agents.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


def _choice(request: AnyRequest) -> Choice:
    fields = {name: asked(request, name) for name in _CHOICES}
    offered = {name: value if value in dict(_CHOICES[name]) else "" for name, value in fields.items()}
    return Choice(q=asked(request, "q"), on=asked(request, "on"), **offered)


def _chosen(current: Current, choice: Choice) -> tuple[list[KnownAgent], WhoCan | None]:
    fitting = [known for known in by_risk(current, with_gone=True) if _fits(current, known, choice)]
    return those_who_can(current, choice.asked, fitting)


def _fits(current: Current, known: KnownAgent, choice: Choice) -> bool:
    slug = known.agent.id
    if known.is_gone != (choice.state == "gone"):
        return False
    if choice.state not in ("", "gone") and current.state(slug) != choice.state:
        return False
    if choice.owner and (current.owner(slug) is None) != (choice.owner == "none"):
        return False
    if choice.kind and (known.agent.kind or "unknown") != choice.kind:
        return False
    if choice.remit and _remit(current, slug) != choice.remit:
        return False
    return not choice.q or choice.q.casefold() in text_of(current, known)


def _remit(current: Current, slug: str) -> str:
    return "broken" if slug in current.remit_faults else "approved" if slug in current.versions else "none"


ROUTES = (agents, agents_file)
