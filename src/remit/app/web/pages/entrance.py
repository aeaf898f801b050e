"""The one-time address, and signing out.

Invariant: an address is used up only by whoever opens it as a page. What a browser fetches in case somebody goes there, and what a page
fetches or embeds, leaves it as it is; a program that says nothing of the kind (a terminal's, an old browser) is taken at its word.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from remit.app.web.peer import user_behind
from remit.app.web.site import AnyRequest, Posted, Site

PREFIX = "/enter/"
"""What one-time addresses begin with."""
_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Headers of requests that nobody made yet: prefetch, prerender, preview. They say nothing else, so that their value is not read."""
_OPENED = (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"))
"""What a browser says of a page that is opened in a tab (Fetch Metadata); a frame, an image and a script say something else."""


@get(PREFIX + "{word:str}", sync_to_thread=False)
def enter(word: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[Any]:
    """Signs in whoever opens it first; a browser that is signed in already is led home."""
    if site.session(request) is not None:
        return Redirect("/", status_code=303)
    if not _is_opened(request):
        # No status of success: a browser that fetched ahead throws the answer away and asks again when somebody goes there.
        return site.page(request, "entrance.html", status=403, why="fetched")
    session = site.door.enter(word, user_behind(request.scope))
    if session is None:
        return site.page(request, "entrance.html", status=401, why="used")
    cookie = Cookie(key=site.door.cookie, value=session.id, path="/", httponly=True, samesite="lax")
    return Redirect("/", status_code=303, cookies=[cookie])


@post("/leave", status_code=303, sync_to_thread=False)
def leave(site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Redirect:
    """Signs out."""
    site.door.leave(posted.session)
    return Redirect("/", status_code=303, cookies=[Cookie(key=site.door.cookie, value="", max_age=0, path="/")])


def _is_opened(request: AnyRequest) -> bool:
    """Whether somebody opens the address, as far as the request says."""
    headers = request.headers
    return not any(name in headers for name in _AHEAD) and all(headers.get(name, said) == said for name, said in _OPENED)
