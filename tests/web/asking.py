"""The web UI asked without a browser and without a socket: the real application, with sign-in, guard and forms."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Coroutine
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from tests.web.parsed import Element, parsed
from tests.web.world import World

from remit.app.api.metrics import WatchedLog
from remit.app.api.whole import Place, Whole, whole

ADDRESS = "http://127.0.0.1:8686"
TOKEN = "operators-token"


class Page:
    """What came back."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.headers = answer.headers
        self.html = answer.text
        self.path = answer.request.url.raw_path.decode()
        self.took = answer.elapsed.total_seconds()

    @property
    def is_html(self) -> bool:
        """Whether it is a page, and no file to keep."""
        return self.headers["content-type"].startswith("text/html")

    @cached_property
    def document(self) -> Element:
        """The page as a tree."""
        return parsed(self.html)

    @property
    def main(self) -> Element:
        """What is between head and foot."""
        return self.document.one("main")

    @property
    def text(self) -> str:
        """All that is read in it."""
        return self.main.text

    @property
    def title(self) -> str:
        """The heading."""
        return self.main.one("h1").text

    @property
    def links(self) -> list[str]:
        """Where it leads, in this service."""
        own = urlsplit(ADDRESS).netloc
        found = [urljoin(ADDRESS + self.path, link.get("href")) for link in self.document.all("a")]
        return [address.removeprefix(ADDRESS).partition("#")[0] for address in found if urlsplit(address).netloc == own]

    @property
    def leads_to(self) -> str:
        """Where a form that was obeyed leads."""
        assert self.status == 303, (self.status, self.text)
        return self.headers["location"]

    def form(self, action: str) -> Element:
        """The form that posts to an address."""
        found = [form for form in self.document.all("form") if form.get("action") == action]
        assert found, f"no form to {action}: {[form.get('action') for form in self.document.all('form')]}"
        return found[0]


class Runner:
    """A loop in a thread of its own: a test that has a browser has a loop already."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        """Waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        """Ends the thread, and those that the loop made."""
        asyncio.run_coroutine_threadsafe(self._loop.shutdown_default_executor(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Client:
    """A browser of an operator who is signed in, without the browser."""

    def __init__(self, parts: Whole, runner: Runner) -> None:
        self.parts = parts
        self._runner = runner
        self.cookies: dict[str, str] = {}
        self.word = ""

    @property
    def site(self) -> Any:
        """The web UI behind it."""
        return self.parts.site

    def sign_in(self) -> None:
        """Opens the one-time address."""
        answer = self.send("GET", self.site.door.one_time_address.removeprefix(ADDRESS))
        assert answer.status_code == 303, answer.text
        self.cookies = dict(answer.cookies)
        found = re.search(r'name="word" value="([^"]+)"', self.get("/").html)
        assert found is not None
        self.word = found[1]

    def stranger(self) -> Client:
        """A browser of somebody who is not signed in."""
        return Client(self.parts, self._runner)

    def get(self, path: str, **headers: str) -> Page:
        """A page."""
        return Page(self.send("GET", path, headers=headers))

    def post(self, path: str, /, **fields: str) -> Page:
        """A form of the session."""
        return Page(self.send("POST", path, data={"word": self.word, **fields}))

    def after(self, path: str, /, **fields: str) -> Page:
        """The page to which a form that was obeyed leads; a job is waited for."""
        where = self.post(path, **fields).leads_to
        if where.startswith("/jobs/"):
            assert self.site.jobs.wait(20) == []
        return self.get(where)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any request at all."""
        return self._runner.run(self._sent(method, path, more))

    async def _sent(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.parts.application)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, cookies=self.cookies) as client:
            return await client.request(method, path, **more)


def joined(world: World, report: Any = lambda text: None) -> Whole:
    """The service on the store of a world."""
    log = WatchedLog(world.logs / "decisions.jsonl")
    return whole(
        world.url, log, TOKEN, Place("127.0.0.1", 8686, ADDRESS, world.logs), ("operator", {}), report, announce=lambda address: None
    )
