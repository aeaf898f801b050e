"""From a template and values to a page: everything is escaped, and the browser is told to run nothing but what this service serves.

Invariants:
- every text is escaped by the template engine, and control characters in text from outside are written out (`shown`);
- no page holds a script or a style of its own: the policy of the page forbids both, so that text that slips through does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response

from remit.app.web.sentences import begun, cut, parted
from remit.model.shown import printable

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    # Not `no-referrer`: under it browsers send `Origin: null` with forms.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


_PART = re.compile(r"[/@:?&=]*[^/@:?&=]+|[/@:?&=]+\Z")
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z")


def rendered(template: str, values: Mapping[str, Any], status: int = 200) -> Response[bytes]:
    """A page."""
    body = _engine().get_template(template).render(values).encode("utf-8", "backslashreplace")
    return Response(body, status_code=status, media_type="text/html", headers=HEADERS)


@cache
def _engine() -> Environment:
    engine = Environment(
        loader=PackageLoader("remit.app.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    engine.filters |= {"shown": _shown, "when": _when, "ago": _ago, "day": _day, "counted": _counted, "segment": _segment, "dated": _dated}
    engine.filters |= {"told": _told, "parted": parted, "begun": begun, "apart": _apart}
    return engine


def _shown(text: Any, most: int = 600) -> str:
    """Text from outside: one line, characters that would be obeyed written out, no longer than `most`."""
    return printable(str(text), most)


def _told(text: Any, most: int = 600) -> str:
    """A sentence from outside, as `shown`, but cut after a whole word."""
    kept = cut(str(text), most)
    return printable(kept, len(kept))


def _apart(address: str) -> list[str]:
    """An address in the parts between which a line may end: before `/`, `@`, `:`, `?`, `&` and `=`, several of which stay together."""
    return _PART.findall(address)


def _when(text: str | None) -> str:
    """`2026-11-26 10:31` of an RFC 3339 time, UTC."""
    return (text or "")[:16].replace("T", " ")


def _dated(text: str) -> str:
    """A sentence with its RFC 3339 times as people write them."""
    return _TIME.sub(r"\1 \2", str(text))


def _day(text: str | None) -> str:
    return (text or "")[:10]


def _ago(text: str | None, now: str) -> str:
    """How long ago an RFC 3339 time was, in the largest unit that says something; empty for none."""
    try:
        seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(text or "")).total_seconds()
    except (ValueError, TypeError):
        return ""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if abs(seconds) >= size:
            number = int(abs(seconds) // size)
            return f"{number:,} {unit}{'s' if number != 1 else ''} {'ago' if seconds > 0 else 'from now'}"
    return "just now"


def _counted(number: int, one: str, many: str) -> str:
    """`1 agent`, `1,204 agents`."""
    return f"{number:,} {one if number == 1 else many}"


def _segment(text: str) -> str:
    """Text as one segment of an address."""
    return quote(str(text), safe="")
