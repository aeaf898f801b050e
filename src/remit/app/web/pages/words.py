"""What the words of these pages mean."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency

from remit.app.views.words import sections
from remit.app.web.site import AnyRequest, Site


@get("/words", sync_to_thread=False)
def words(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Every word, each under an anchor that other pages link to."""
    return site.page(request, "words.html", sections=sections())


ROUTES = (words,)
