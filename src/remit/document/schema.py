"""The JSON Schema (2020-12) of a remit, for editors: completion, and most mistakes while typing.

What a schema can say, it says as strictly as `document.parse`; what it cannot (an alias, a duplicate key, a date that does
not exist, a path pattern that can match nothing) only the parser refuses. So a document that the parser takes is always valid
here, and a document that is not valid here is never taken.
"""

from __future__ import annotations

from typing import Any

from remit.document.lines import CAN_KEYS, NEVER_KEYS
from remit.model.remit import Mode, Window
from remit.model.verbs import LINE_VERBS, Verb

_MEANINGS = {
    "list": "learn which resources exist",
    "read": "learn what a resource holds",
    "create": "make a resource that was not there",
    "update": "change a resource that was there",
    "delete": "destroy a resource or make it unreachable",
    "execute": "run code or start a process, a job or another agent",
    "administer": "change permissions or identities",
    "transmit": "move data out of the organisation or to a person",
    "pay": "move value",
    "any": "every verb",
    "call": "a tool, whatever its verb is",
}
_WINDOWS = "|".join(window.value for window in Window)
_TEXT: dict[str, Any] = {"type": "string", "pattern": r"\S"}
_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,126}"
_SYSTEM: dict[str, Any] = {"type": "string", "pattern": f"^[a-z][a-z0-9-]{{0,62}}:{_NAME}$"}
_TOOL_SYSTEM: dict[str, Any] = {"type": "string", "pattern": f"^mcp:{_NAME}$"}
_NUMBER: dict[str, Any] = {"type": "number", "minimum": -(2**53 - 1), "maximum": 2**53 - 1}
_DAYS: dict[str, Any] = {"type": "string", "pattern": "^[1-9][0-9]{0,4}d$"}


def schema() -> dict[str, Any]:
    """The schema as JSON values."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Remit",
        "description": "What one agent is for: owner, objectives, what each objective needs, and what must never happen.",
        "type": "object",
        "additionalProperties": False,
        "required": ["remit", "agent", "purpose", "owner", "objectives"],
        "properties": {
            "remit": {"const": 1, "description": "version of the format"},
            "agent": {
                "type": "string",
                "pattern": "^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$",
                "description": "the agent's id, without `agent:`",
            },
            "purpose": {**_TEXT, "description": "what the agent is for, in a sentence"},
            "owner": _owner(),
            "approvers": {**_texts(), "description": "who may approve the next version; default: contact and deputy"},
            "identities": {
                "type": "array",
                "items": {"type": "string", "pattern": r"^[^\s:]+:\S"},
                "description": "what the agent acts as: aws:role/NAME, an ARN, postgres:DATABASE/ROLE, kubernetes:CLUSTER/NAMESPACE/NAME, "
                "oauth:client/NAME",
            },
            "objectives": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"allOf": [{"pattern": r"\S"}, {"pattern": r"^[^\u0000-\u001f]+$"}]},
                "additionalProperties": _objective(),
                "description": "goals by name; every capability hangs from one",
            },
            "never": {
                "type": "array",
                "items": _line(NEVER_KEYS, allows_star=True),
                "description": "what must not happen, whatever a can says",
            },
            "limits": _limits(),
            "lifecycle": _lifecycle(),
            "mode": {"enum": [mode.value for mode in Mode], "default": Mode.ENFORCE.value, "description": "what a refusal amounts to"},
        },
    }


def _texts() -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": _TEXT}


def _owner() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["contact"],
        "properties": {"team": _TEXT, "contact": _TEXT, "deputy": _TEXT},
        "description": "who answers for the agent",
    }


def _objective() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["why", "can"],
        "properties": {
            "why": {**_TEXT, "description": "the reason for every line below"},
            "can": {"type": "array", "minItems": 1, "items": _line(CAN_KEYS, allows_star=False)},
        },
    }


def _line(keys: tuple[str, ...], allows_star: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {verb: _verb(verb, allows_star) for verb in LINE_VERBS}
    properties |= {key: form for key, form in _line_keys().items() if key in keys}
    line: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "oneOf": [{"required": [verb]} for verb in LINE_VERBS],
    }
    return line if allows_star else {**line, "required": ["resource"]}


def _verb(verb: str, allows_star: bool) -> dict[str, Any]:
    system = _TOOL_SYSTEM if verb == "call" else _SYSTEM
    form = {"anyOf": [system, {"const": "*"}]} if allows_star and verb != "call" else system
    return {**form, "description": _MEANINGS[verb]}


def _line_keys() -> dict[str, Any]:
    value = {"anyOf": [_TEXT, _NUMBER, {"type": "boolean"}]}
    return {
        "resource": {**_TEXT, "description": "a resource in the system's own naming; `*` is any run of characters"},
        "where": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": r"^[^.]+(\.[^.]+)*$"},
            "additionalProperties": {"anyOf": [*value["anyOf"], {"type": "array", "minItems": 1, "items": value}]},
            "description": "what arguments must be, by name or dotted path; `*` stops at `/`, `**` does not",
        },
        "columns": {**_texts(), "description": "the columns that may be read or written"},
        "data_class": {**_TEXT, "description": "the class of data that the resource holds"},
        "outside": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "pattern": r"^[^\s@:/*]+$"},
            "description": "domains that are inside; a destination elsewhere meets the line",
        },
    }


def _limits() -> dict[str, Any]:
    whole = {"type": "string", "pattern": f"^[0-9]{{1,15}}/({_WINDOWS})$"}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "calls": {**whole, "description": "requests, like 600/hour"},
            "pay": {
                "type": "string",
                "pattern": rf"^[0-9]{{1,15}}(\.[0-9]{{1,6}})? [A-Z]{{3}}/({_WINDOWS})$",
                "description": "value moved, like 0 USD/day",
            },
            "rows": {**whole, "description": "rows read where SQL is decided, like 10000/task"},
        },
    }


def _lifecycle() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "expires": {
                "type": "string",
                "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                "description": "last day on which the remit holds, UTC",
            },
            "review": {**_DAYS, "description": "how often the owner is asked, like 90d"},
            "dormant_after": {**_DAYS, "description": "after how many unused days the agent counts as dormant, like 30d"},
        },
    }


assert set(_MEANINGS) == {*(verb.value for verb in Verb), "any", "call"}
