"""One box that finds agents, identities, findings, plans, connections and resources."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect

from remit.app.web.coverage import covered
from remit.app.web.found import exact, found
from remit.app.web.site import AnyRequest, Site
from remit.model.plan import Plan

_MOST = 200


@get("/search", sync_to_thread=True)
def search(request: AnyRequest, site: NamedDependency[Site]) -> Response[Any]:
    """What holds the text of the box; an exact id leads straight to its page."""
    text = request.query_params.get("q", "").strip()[:_MOST].replace("\0", "")
    current = site.current
    if not text:
        return site.page(request, "search.html", q="", found=None, coverage=covered(current))
    plans = site.snapshots.store.all(Plan)
    address = exact(current, text, plans)
    if address:
        return Redirect(address, status_code=303)
    return site.page(request, "search.html", q=text, found=found(current, text, plans), coverage=covered(current))


ROUTES = (search,)
