"""Where a request sends something to: mail addresses, URLs and hosts in its arguments (remit language, section 4).

Invariants:
- inside is a host equal to a listed domain or ending in `.` and it, compared in ASCII form and lower case;
- what looks like an address and cannot be read as exactly one host is unreadable, never inside;
- a destination without a host (a channel, a queue, a table) is inside.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import Enum

from remit.decide.arguments import Position, leaves
from remit.model.decision import Request
from remit.model.remit import Scalar
from remit.model.shown import printable

_DESTINATIONS = frozenset({Position.WHOM, Position.WHERE})
_SPLIT = re.compile(r"[\s,;<>|\"'()]+")
_EMBEDDED = re.compile(
    r"[a-z][a-z0-9+.-]{0,30}:[/\\]{1,}[^\s<>\"']+|(?<![^\s<>\"'(),;:/\\])[^\s<>\"'(),;:/\\]*@[^\s<>\"'(),;]+", re.IGNORECASE
)
"""Begins are bounded, so that a long run of letters is not read once for each of them."""
_BROKEN = re.compile(r"(?<=\S)[\t\r\n]+[.:/\\-]")
"""A line end or tab inside an address: some readers of URLs leave it out and go on with the host."""
_IPV6 = re.compile(r"[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:%\w+)?\Z", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,30}):(.*)\Z", re.IGNORECASE | re.DOTALL)
_INNER_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]{0,30}:){1,4}//", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._~!$&*+=%:-]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{0,5})?\Z")
_ENCODED_END = re.compile(r"%(?:2f|5c|23|3f|40|3a)[^@]*@", re.IGNORECASE)
"""Some readers decode what stands before the `@` and end the host there."""
_LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*\Z")
_BARE_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]+)\Z")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}\Z")
_LOCAL_SCHEMES = frozenset({"file", "data", "urn", "arn", "about", "cid", "mid"})
"""Schemes whose texts name no host; `file://HOST/` does."""
_FILE_ENDINGS = frozenset(
    {"csv", "txt", "json", "pdf", "xlsx", "docx", "pptx", "png", "jpg", "jpeg", "gif", "html", "xml", "yaml", "yml", "log"}
)
"""Endings of file names that are no top-level domains."""
_DOTS = str.maketrans({"。": ".", "．": ".", "｡": "."})


_LONGEST_HOST = 1000
"""Twice what any system takes; a longer one costs time to bring into its ASCII form."""


class Unreadable(Enum):
    """A destination that looks like an address and cannot be read."""

    UNREADABLE = "unreadable"


UNREADABLE = Unreadable.UNREADABLE
Host = str | Unreadable | None
"""A host in ASCII form, unreadable, or None: a destination without a host."""


def ascii_host(text: str) -> str | Unreadable:
    """A host as it is compared: ASCII form, lower case, no dot at the end."""
    if len(text) > _LONGEST_HOST:
        return UNREADABLE
    host = unicodedata.normalize("NFKC", text.translate(_DOTS)).rstrip(".").lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return UNREADABLE
    return host if _LABELS.match(host) or (host.startswith("[") and host.endswith("]")) else UNREADABLE


def is_inside(host: str, domains: Iterable[str]) -> bool:
    """Whether a host (in ASCII form) is one of the domains or below one."""
    for domain in domains:
        listed = ascii_host(domain)
        if isinstance(listed, str) and (host == listed or host.endswith(f".{listed}")):
            return True
    return False


def _host_of_url(scheme: str, rest: str) -> Host:
    if "\\" in rest or any(char < " " or char == "\x7f" for char in rest):
        return UNREADABLE
    if not rest.startswith("//"):
        return None if scheme in _LOCAL_SCHEMES else UNREADABLE
    authority = re.split(r"[/?#]", rest[2:], maxsplit=1)[0]
    if scheme == "file" and authority in ("", "localhost"):
        return None
    if not authority.isascii():
        host = authority.rpartition("@")[2].partition(":")[0]
        return ascii_host(host) if host else UNREADABLE
    match = _AUTHORITY.match(authority)
    if _ENCODED_END.search(authority):
        return UNREADABLE
    return ascii_host(match[1]) if match else UNREADABLE


def _hosts_of_mail(text: str) -> Iterator[Host]:
    """Hosts of a `mailto:` or of one word with an `@`."""
    for part in re.split(r"[?&]", text):
        word = part.partition("=")[2] if "=" in part.partition("@")[0] else part
        for address in re.split(r"[,;]|%2c", word, flags=re.IGNORECASE):
            if "@" not in address and "%40" not in address.lower():
                continue
            local, _, domain = address.lstrip("@").rpartition("@")
            if not local:
                if "%40" in address:
                    yield UNREADABLE
                elif "." in domain:
                    yield ascii_host(domain)
                continue
            domain = re.split("[:/]", domain, maxsplit=1)[0]
            yield ascii_host(domain) if "@" not in local and domain and "%" not in domain else UNREADABLE


def hosts_in_word(word: str) -> Iterator[Host]:
    """The hosts of one word that stands in a destination."""
    lowered = word.lower()
    if lowered.startswith("mailto:"):
        found = list(_hosts_of_mail(word[7:]))
        yield from found or [UNREADABLE]
        return
    scheme = _SCHEME.match(word)
    if scheme and (scheme[2][:1] in ("/", "\\") or (scheme[1].lower() in ("http", "https", "ftp", "ws", "wss", "javascript"))):
        yield _host_of_url(scheme[1].lower(), scheme[2])
        return
    if scheme and _INNER_SCHEME.match(scheme[2]):  # `jdbc:postgresql://HOST`, `view-source:https://HOST`
        yield from hosts_in_word(scheme[2])
    if lowered.startswith(("//", "\\\\")):
        yield _host_of_url("", word) if lowered.startswith("//") else UNREADABLE
        return
    if "@" in word or "＠" in word or "%40" in lowered:
        yield from list(_hosts_of_mail(unicodedata.normalize("NFKC", word))) or [None]
        return
    head = re.split(r"[/?#]", word.translate(_DOTS), maxsplit=1)[0]
    name, _, port = head.partition(":")
    if _IPV6.match(word):
        yield f"[{word.lower()}]"
        return
    if head.startswith("["):
        yield head.partition("]")[0].lower() + "]"
        return
    bare = ascii_host(name) if "." in name else None
    if isinstance(bare, str) and (_BARE_HOST.match(bare) or _IPV4.match(bare)) and bare.rpartition(".")[2] not in _FILE_ENDINGS:
        yield bare
    elif port.isdigit() and name.lower() == "localhost":
        yield "localhost"
    else:
        yield None


def hosts_in_destination(value: Scalar) -> list[Host]:
    """The hosts of a value in a position that says to whom or where to; [None] where it has none."""
    if not isinstance(value, str):
        return [None]
    found: list[Host] = [UNREADABLE] if _BROKEN.search(value) else []
    for word in _SPLIT.split(value):
        if word:
            found.extend(hosts_in_word(word))
    return found


def hosts_in_text(value: Scalar) -> list[Host]:
    """The hosts of addresses that stand anywhere in a text; words without a scheme or an `@` only where they are all of it."""
    if not isinstance(value, str):
        return []
    found: list[Host] = []
    for match in _EMBEDDED.finditer(value):
        found.extend(hosts_in_word(match[0].rstrip(".,;:!?)]}")))
    if not found and not re.search(r"\s", value.strip()):
        found.extend(hosts_in_word(value.strip()))
    return [host for host in found if host is not None]


def destinations(request: Request, is_unknown_tool: bool) -> tuple[bool, list[Host]]:
    """Whether the request names a destination at all, and the hosts of those it names.

    For an unknown tool every argument is looked at. On a system that is no MCP server the resource is a destination too.
    """
    hosts: list[Host] = []
    is_named = False
    for _, position, value in leaves(request.arguments):
        if position in _DESTINATIONS and not isinstance(value, bool) and (not isinstance(value, str) or value.strip()):
            is_named = True
            hosts.extend(hosts_in_destination(value))
        elif is_unknown_tool:
            hosts.extend(hosts_in_text(value))
    if not request.system.startswith("mcp:"):
        is_named = is_named or request.resource not in ("", "*")
        hosts.extend(hosts_in_destination(request.resource))
    return is_named, hosts


def goes_outside(request: Request, domains: Iterable[str], verbs: frozenset[str]) -> str | None:
    """Why `outside` holds for the request, for a person; None where everything stays inside."""
    is_named, hosts = destinations(request, not verbs)
    if any(host is UNREADABLE for host in hosts):
        return "a destination cannot be read"
    listed = tuple(domains)
    if any(isinstance(host, str) and not is_inside(host, listed) for host in hosts):
        return f"a destination is outside {' and '.join(f'`{printable(domain, 60)}`' for domain in listed[:3])}"
    if "transmit" in verbs and not is_named:
        return "no destination is given"
    return None
