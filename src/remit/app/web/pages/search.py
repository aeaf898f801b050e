"""One box that finds agents, identities, findings, plans, connections and resources."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect

from remit.app.web.agent_view import nearest_agents
from remit.app.web.coverage import covered
from remit.app.web.found import answered, asked_in, asked_of, exact, found
from remit.app.web.site import AnyRequest, Site

_MOST = 200


@get("/search", sync_to_thread=True)
def search(request: AnyRequest, site: NamedDependency[Site]) -> Response[Any]:
    """What holds the text of the box; an exact id leads straight to its page."""
    text = request.query_params.get("q", "").strip()[:_MOST].replace("\0", "")
    current = site.current
    if not text:
        return site.page(request, "search.html", q="", found=None, coverage=covered(current))
    of, asked = asked_of(current, text) or ("", asked_in(text))
    plans = current.plans.all()
    # A question is answered before ids are looked at: an agent that is called `delete` must not stand in front of the answer.
    address = exact(current, text, plans) if asked is None else ""
    if address:
        return Redirect(address, status_code=303)
    wanted = text if asked is None else asked.on or of or str(asked.verb)
    return site.page(
        request,
        "search.html",
        q=text,
        wanted=wanted,
        answered=answered(current, asked, of) if asked is not None else None,
        found=found(current, wanted, plans),
        nearest=nearest_agents(current, wanted),
        coverage=covered(current),
    )


ROUTES = (search,)
