"""The one-time address, and signing out."""

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


@get(PREFIX + "{word:str}", sync_to_thread=False)
def enter(word: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[Any]:
    """Signs in whoever opens it first; a browser that is signed in already is led home."""
    if site.session(request) is not None:
        return Redirect("/", status_code=303)
    session = site.door.enter(word, user_behind(request.scope))
    if session is None:
        return site.page(request, "entrance.html", status=401, was_used=True)
    cookie = Cookie(key=site.door.cookie, value=session.id, path="/", httponly=True, samesite="lax")
    return Redirect("/", status_code=303, cookies=[cookie])


@post("/leave", status_code=303, sync_to_thread=False)
def leave(site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Redirect:
    """Signs out."""
    site.door.leave(posted.session)
    return Redirect("/", status_code=303, cookies=[Cookie(key=site.door.cookie, value="", max_age=0, path="/")])
