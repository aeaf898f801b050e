"""Pictures of every page, to be looked at: `python -m tests.web.screenshots FOLDER [STORE_URL]`.

Without a store it shows the company of `world.py`, hostile words and all. Each page is taken at 1440 pixels in light and dark, and at 390.
"""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from tests.web.asking import Client, Runner, joined
from tests.web.browsing import NARROW, WIDE, chromium, serving_store, signed_in_cookies, visiting
from tests.web.crawl import crawled, some_of_each_kind
from tests.web.world import World, made_world

_FORMS = (("light", WIDE), ("dark", WIDE), ("light", NARROW))


def named(path: str) -> str:
    """A file's name for a page."""
    return re.sub(r"[^A-Za-z0-9.=-]+", "_", unquote(path)).strip("_")[:60] or "home"


def take(world: World, folder: Path, wanted: list[str]) -> int:
    """Takes every page whose address holds one of the words, or a few of each kind; how many."""
    runner = Runner()
    client = Client(joined(world), runner)
    client.sign_in()
    paths = [path for path, page in crawled(client).items() if page.is_html]
    runner.close()
    chosen = [path for path in paths if any(word in path for word in wanted)] if wanted else some_of_each_kind(paths, 3)
    with chromium() as browser, serving_store(world) as served:
        cookies = signed_in_cookies(browser, served)
        for scheme, size in _FORMS:
            with visiting(browser, served, cookies, color_scheme=scheme, viewport=size) as visit:
                for path in chosen:
                    page = visit.open(path)
                    page.screenshot(path=folder / f"{named(path)}-{scheme}-{size['width']}.png", full_page=True)
                for fault in visit.wrong:
                    sys.stderr.write(f"{fault}\n")
    return len(chosen) * len(_FORMS)


@contextlib.contextmanager
def shown(url: str) -> Iterator[World]:
    """The world of a store that is there, or the made one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if url:
            world = World(folder)
            world.store.close()
            world.url = url
            world.logs.mkdir(parents=True, exist_ok=True)
        else:
            world = made_world(folder)
        yield world


def main() -> int:
    """FOLDER, then a store's URL or words that addresses hold."""
    if len(sys.argv) < 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    urls = [word for word in sys.argv[2:] if "://" in word]
    with shown(urls[0] if urls else "") as world:
        sys.stdout.write(f"{take(world, folder, [word for word in sys.argv[2:] if '://' not in word])} pictures in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
