"""HEAD is answered as GET is, without the body. An address that lets in once is not used up by it."""

from __future__ import annotations

from remit.app.api.guard import Application, Message, Receive, Scope, Send
from remit.app.web.pages.entrance import PREFIX


class Headed:
    """Turns HEAD into GET for what is behind it."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"].startswith(PREFIX):
            await self._inner(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._inner({**scope, "method": "GET"}, receive, send_head)
