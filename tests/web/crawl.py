"""Which pages there are: by following every link from home."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import quote

from tests.web import hostile
from tests.web.asking import Client, Page

_OF_ONE_QUERY = 4
"""Of pages that differ by the value of a query, and by whom they are about, some are enough."""
_KINDS = re.compile(r"^/(agents|findings|plans|decisions|connections|jobs)/[^/?]+")
_STARTS = (
    "/",
    "/jobs",
    "/search?q=" + quote(hostile.SCRIPT),
    "/search?q=cost",
    "/search?q=delete",
    "/search?q=" + quote(hostile.EVERYTHING[:150]),
)


def crawled(client: Client) -> dict[str, Page]:
    """Every page that links lead to, by address."""
    found: dict[str, Page] = {}
    queries: Counter[str] = Counter()
    waiting = list(_STARTS)
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"=[^&]*", "=", _KINDS.sub(r"/\1/*", path))
        if path in found or ("?" in path and queries[kind] >= _OF_ONE_QUERY):
            continue
        queries[kind] += 1
        page = found[path] = client.get(path)
        if page.status == 200 and page.is_html:
            waiting += [link for link in page.links if link not in found]
    return found


def some_of_each_kind(paths: list[str], at_most: int = 2) -> list[str]:
    """A few addresses of each kind of page: the first one, the longest ones, which have the most to show, and one with a query."""
    kinds: dict[str, list[str]] = {}
    for path in paths:
        kinds.setdefault(_KINDS.sub(r"/\1/*", path.partition("?")[0]), []).append(path)
    chosen: dict[str, None] = {}
    for alike in kinds.values():
        plain = [path for path in alike if "?" not in path]
        asked = sorted((path for path in alike if "?" in path), key=len, reverse=True)
        chosen |= dict.fromkeys([*plain[:1], *sorted(plain, key=len, reverse=True)[: at_most - 1], *asked[:1]])
    return sorted(chosen)
