"""A real browser in front of a real service: both on this machine, both gone afterwards.

Where there is no browser, or axe-core cannot be installed, a test is skipped on a developer's machine and fails where `CI=true`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, sync_playwright
from tests.servers import cannot_start
from tests.web.world import World

CACHE = Path(__file__).parents[2] / ".cache" / "axe"
AXE = "axe-core@4.14.1"
_PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
_WORDS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


class Served:
    """A running `remit serve`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.url = ""
        self.said: list[str] = []
        self._once: list[str] = []
        self._has_ended = False
        self._told = threading.Condition()
        for pipe in (process.stdout, process.stderr):
            threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def address(self) -> str:
        """A one-time address that nobody used."""
        with self._told:
            assert self._told.wait_for(lambda: self._once or self._has_ended, 60), self.said
            assert self._once, self.said
            self.url = "http://" + urlsplit(self._once[0]).netloc
            return self._once.pop()

    def _read(self, pipe: Any) -> None:
        for line in pipe:
            with self._told:
                self.said.append(line)
                if found := re.search(r"open (http://\S+/enter/\S+)", line):
                    self._once = [found[1]]
                self._told.notify_all()
        with self._told:
            self._has_ended = True
            self._told.notify_all()


@contextlib.contextmanager
def serving_store(world: World) -> Iterator[Served]:
    """The service on the store of a world, with a state folder of its own."""
    words = [sys.executable, "-m", "remit", "serve", "--store", world.url, "--port", "0", "--state", str(world.folder / "state")]
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    environment = {**os.environ, **nowhere, "PYTHONUNBUFFERED": "1", "XDG_STATE_HOME": str(world.folder)}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1, env=environment)
    try:
        yield Served(process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(ValueError, OSError):
                    pipe.close()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine, with a fresh profile."""
    found = next((place for place in _PLACES if Path(place).exists()), shutil.which("chromium") or "")
    if not found:
        cannot_start("a browser", f"there is none of {', '.join(_PLACES)}; `apt-get install chromium` brings one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_WORDS))
        try:
            yield browser
        finally:
            browser.close()


def axe_source() -> str:
    """The text of axe-core, installed once."""
    script = CACHE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        if shutil.which("npm") is None:
            cannot_start("axe-core", "npm is not there")
        CACHE.mkdir(parents=True, exist_ok=True)
        words = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(CACHE), AXE]
        installed = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        if installed.returncode:
            cannot_start("axe-core", installed.stderr[-300:])
    return script.read_text(encoding="utf-8")


class Visit:
    """One tab of somebody who is signed in, and everything that went wrong in it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.page: Page = context.new_page()
        self.wrong: list[str] = []
        """Errors of the console, dialogs, requests to elsewhere."""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("dialog", self._asked)
        self.page.on("request", self._requested)

    def open(self, path: str) -> Page:
        """Goes there, and waits for all of it."""
        answer = self.page.goto(self.url + path, wait_until="load")
        assert answer is not None
        assert answer.status < 500, (path, answer.status)
        return self.page

    def violations(self, axe: str) -> list[str]:
        """What axe-core has against the page as it is shown."""
        # Not by a script tag: the policy of the page forbids every script but its own.
        self.page.evaluate(axe)
        found = self.page.evaluate(_RUN_AXE)
        return [
            f"{item['id']} ({item['impact']}): {item['nodes'][0]['html'][:160]} {item['nodes'][0]['failureSummary'][:200]}"
            for item in found
        ]

    def widest(self) -> list[str]:
        """What reaches beyond the right edge of the window; empty: nothing scrolls sideways."""
        return list(self.page.evaluate(_WIDEST))

    def _said(self, message: ConsoleMessage) -> None:
        # That a page is not found is said in the console too; it is asked for on purpose.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.wrong.append(f"{message.type}: {message.text}")

    def _asked(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.url + "/", "data:image/svg")):
            self.wrong.append(f"request: {request.url}")


_RUN_AXE = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, {runOnly: {type: "tag", values: tags}});
  return found.violations;
}"""
_WIDEST = """() => {
  const root = document.scrollingElement, edge = document.documentElement.clientWidth;
  if (root.scrollWidth <= edge) return [];
  const wide = [...document.body.querySelectorAll("*")].filter(one => one.getBoundingClientRect().right > edge + 0.5);
  return [`${root.scrollWidth} > ${edge}`, ...wide.slice(-4).map(one => one.outerHTML.slice(0, 160))];
}"""


@contextlib.contextmanager
def visiting(browser: Browser, served: Served, cookies: list[Any], **options: Any) -> Iterator[Visit]:
    """A tab of its own, signed in by the cookies of another one."""
    context = browser.new_context(**{"viewport": WIDE, **options})
    try:
        context.set_default_timeout(20_000)
        context.add_cookies(cookies)
        yield Visit(context, served.url)
    finally:
        context.close()


def signed_in_cookies(browser: Browser, served: Served) -> list[Any]:
    """Opens a one-time address in the browser; what it keeps of that."""
    address = served.address()
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(address)
        assert page.url == served.url + "/", page.url
        return list(context.cookies())
    finally:
        context.close()
