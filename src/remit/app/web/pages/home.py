"""Home: what needs somebody, risk first; on an empty store the three ways in."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency

from remit.app.web.site import AnyRequest, Site


@get("/", sync_to_thread=True)
def home(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The first page."""
    return site.page(request, "home.html", current=site.current)


ROUTES = (home,)
