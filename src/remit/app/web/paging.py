"""Addresses of long lists: their filters, and the page before and after."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from remit.app.web.site import AnyRequest

AT_ONCE = 50
"""Rows of one page."""
_MOST_DIGITS = 6


def address(path: str, filters: Mapping[str, str | int]) -> str:
    """A path with the filters that say something."""
    said = {name: value for name, value in filters.items() if value}
    return f"{path}?{urlencode(said)}" if said else path


def asked_page(request: AnyRequest) -> int:
    """The page that an address asks for; 1 for what is no number."""
    number = request.query_params.get("page", "1")
    return int(number) if number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS else 1


def asked(request: AnyRequest, name: str, most: int = 200) -> str:
    """A filter of an address, without white space around it."""
    return str(request.query_params.get(name, "")).strip()[:most]


def neighbours(number: int, path: str, filters: Mapping[str, str | int]) -> dict[str, str]:
    """Addresses of the pages before and after a page, for a template."""
    return {
        "earlier": address(path, {**filters, "page": number - 1 if number > 2 else ""}),
        "later": address(path, {**filters, "page": number + 1}),
    }
