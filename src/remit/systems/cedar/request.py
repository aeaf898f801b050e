"""A request of ours as a request to Cedar, in the terms that `compile` documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from remit.contracts.system import Vocabulary
from remit.decide.conditions import argument_at
from remit.decide.statements.reading import verbs_in_statements
from remit.decide.understanding import NotUnderstoodError, verbs_of
from remit.document.pattern import resolve_path
from remit.model.decision import Request
from remit.systems.cedar.compile import quoted

_LARGEST = 2**63 - 1


def cedar_request(request: Request, vocabulary: Vocabulary | None) -> tuple[str, str, str, dict[str, Any], list[dict[str, Any]]]:
    """Principal, action, resource, context and entities, as `cedarpy.is_authorized` takes them.

    `vocabulary` is the table of the request's system; without one, only verbs of ours are understood there.
    """
    kind = request.system.partition(":")[0]
    try:
        if not request.is_understood:
            raise NotUnderstoodError(request.fault)
        verbs = verbs_of({}, {kind: vocabulary} if vocabulary is not None else {}, request)
        resource_type = "Resource"
    except NotUnderstoodError:
        verbs, resource_type = frozenset(), "Unreadable"
    identifier = _identifier(f"{request.system}/{request.resource}")
    context: dict[str, Any] = {
        "verbs": sorted(verbs),
        "inner_verbs": sorted(verbs_in_statements(request)),
        "arguments": cedar_arguments(request),
    }
    columns = request.arguments.get("columns")
    if isinstance(columns, list | tuple) and columns and all(isinstance(column, str) for column in columns):
        context["columns"] = list(columns)
    entity = {
        "uid": {"type": resource_type, "id": identifier},
        "attrs": {"system": request.system, "kind": kind, "id": request.resource},
        "parents": [],
    }
    action = vocabulary.fold(request.action) if vocabulary is not None else request.action
    return (
        f"Agent::{quoted(_identifier(request.agent))}",
        f"Action::{quoted(_identifier(action))}",
        f"{resource_type}::{quoted(identifier)}",
        context,
        [entity],
    )


def _identifier(text: str) -> str:
    """An entity's id: Cedar wants ids in a normal form of its own, which percent-encoding always is."""
    return quote(text, safe=":/*@+ ", errors="surrogatepass")


def cedar_arguments(request: Request) -> dict[str, dict[str, Any]]:
    """`context.arguments`: every scalar argument by its name or dotted path."""
    found: dict[str, dict[str, Any]] = {}
    for key in dict.fromkeys(_keys(request.arguments, "")):
        value = _value(argument_at(request.arguments, key), request.paths)
        if value is not None:
            found[key] = value
    return found


def _keys(arguments: Mapping[str, Any], before: str) -> Iterator[str]:
    for name, value in arguments.items():
        yield f"{before}{name}"
        if isinstance(value, Mapping):
            yield from _keys(value, f"{before}{name}.")


def _value(value: Any, resolved: Mapping[str, str]) -> dict[str, Any] | None:
    if isinstance(value, str):
        path = resolve_path(value)
        form = {"type": "text", "text": value}
        if path is not None:
            path = resolved.get(value, path)
            form["path"] = path if path.endswith("/") else f"{path}/"
        return form
    if isinstance(value, bool):
        return {"type": "boolean", "truth": value}
    if isinstance(value, int | float):
        is_whole = value == value and abs(value) <= _LARGEST and value == int(value)
        return {"type": "number", "number": int(value)} if is_whole else {"type": "number"}
    return None
