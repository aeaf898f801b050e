"""What a message of the client asks for, as a request that can be decided on.

Decides which messages need a decision, and how each is written as a request:
- `tools/call` is the tool, with its arguments;
- `resources/read` is decided as a tool of that name with the argument `uri` (and `path`, for a `file:` address), because it
  reaches data like a tool does: a remit allows it by `{call: "mcp:files", resource: resources/read, where: {uri: ...}}`;
- a method of `tools/` or `resources/` that this version does not know is decided as a tool of its name, with its parameters.

Everything else passes as it is: lists (that of tools is filtered), subscriptions, which carry no content, prompts, which a person
picks, completion, tasks (their results belong to a call that was decided on), logging, and methods outside these two families.

Invariants:
- what cannot be read for certain becomes a request that `is_understood` is false for: always a deny;
- only members that MCP names are looked at under their exact names; names that differ in letter case alone are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from remit.model.decision import Request
from remit.points.mcp.wire import Message, case_clash

CALL_TOOL = "tools/call"
READ_RESOURCE = "resources/read"
LIST_TOOLS = "tools/list"
_FAMILIES = ("tools/", "resources/")
_PASSING = frozenset({LIST_TOOLS, "resources/list", "resources/templates/list", "resources/subscribe", "resources/unsubscribe"})
MAX_PATHS = 1000
"""Texts that look like paths in one call; a call with more is not understood."""
MAX_PATH_CHARS = 4096
MAX_FOLDERS = 20_000
"""Folders in all paths of one call: each is looked up on the disk while the client waits."""
_UNPLAIN_ADDRESS = re.compile(r"[\\\0]|%2[ef]|%5c|(?:^|/)\.\.?(?:/|$|\?|#)", re.IGNORECASE)


def is_decided(method: str) -> bool:
    """Whether a message with this method needs a decision."""
    return method.startswith(_FAMILIES) and method not in _PASSING


def is_disguised(method: str) -> bool:
    """Whether a method is one of these families but for letter case or white space: no honest client writes it so."""
    plain = "".join(method.split()).strip("/").casefold()
    return plain != method and (plain.startswith(_FAMILIES) or plain + "/" in _FAMILIES)


def request_of(message: Message, agent: str, system: str, session: str) -> Request:
    """The request that a message makes for which `is_decided`."""
    if message.method == CALL_TOOL:
        action, arguments, fault = _tool(message)
    elif message.method == READ_RESOURCE:
        action, arguments, fault = _resource(message)
    else:
        action, arguments, fault = _unknown(message)
    paths: dict[str, str] = {}
    if not fault:
        fault = _resolve(arguments, paths)
    return Request(
        agent=agent,
        system=system,
        action=action,
        resource=action,
        arguments=arguments,
        paths=paths,
        session=session,
        is_understood=not fault,
        fault=fault,
    )


def _tool(message: Message) -> tuple[str, dict[str, Any], str]:
    params = message.params
    name = params.get("name")
    arguments = params.get("arguments")
    if not isinstance(name, str) or not name:
        return CALL_TOOL, {}, "the call does not name a tool"
    if arguments is not None and not isinstance(arguments, dict):
        return name, {}, "`arguments` must be an object"
    clash = case_clash(iter(params)) or _clash_inside(arguments or {})
    return name, arguments or {}, clash or ""


def _resource(message: Message) -> tuple[str, dict[str, Any], str]:
    params = message.params
    uri = params.get("uri")
    if not isinstance(uri, str) or not uri:
        return READ_RESOURCE, {}, "the request does not name a resource"
    if clash := case_clash(iter(params)):
        return READ_RESOURCE, {}, clash
    if _UNPLAIN_ADDRESS.search(uri):
        return READ_RESOURCE, {"uri": uri}, "the address is not in its plain form (`..`, `.`, an encoded slash or dot)"
    arguments = {"uri": uri}
    if uri.lower().startswith("file:"):
        try:
            parts = urlsplit(uri)
        except ValueError:
            return READ_RESOURCE, arguments, "the address cannot be read"
        if parts.netloc in ("", "localhost"):
            arguments["path"] = unquote(parts.path)
    return READ_RESOURCE, arguments, ""


def _unknown(message: Message) -> tuple[str, dict[str, Any], str]:
    arguments = {name: value for name, value in message.params.items() if name != "_meta"}
    return message.method or "", arguments, _clash_inside(message.params) or ""


def _clash_inside(value: Any) -> str | None:
    for inner in _containers(value):
        if isinstance(inner, dict) and (clash := case_clash(iter(inner))):
            return clash
    return None


def _resolve(arguments: dict[str, Any], paths: dict[str, str]) -> str:
    """Fills `paths`; says why not where a text could mean two places.

    A text with `..` behind a link means one place to a server that reads it letter by letter and another to the system.
    """
    folders = 0
    for text in _texts(arguments):
        if text in paths or not text.startswith("/") or len(text) > MAX_PATH_CHARS or "\0" in text:
            continue
        if len(paths) >= MAX_PATHS:
            return f"the call names more than {MAX_PATHS} paths"
        folders += text.count("/")
        if folders > MAX_FOLDERS:
            return f"the paths of the call have more than {MAX_FOLDERS} folders"
        real = os.path.realpath(text)
        if ".." in text and real != os.path.realpath(os.path.normpath(text)):
            return "a path with `..` behind a link means two places"
        paths[text] = real
    return ""


def _texts(arguments: dict[str, Any]) -> Iterator[str]:
    for outer in _containers(arguments):
        for inner in outer.values() if isinstance(outer, dict) else outer:
            if isinstance(inner, str):
                yield inner


def _containers(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        outer = waiting.pop()
        if isinstance(outer, dict | list):
            yield outer
            waiting.extend(inner for inner in (outer.values() if isinstance(outer, dict) else outer) if isinstance(inner, dict | list))
