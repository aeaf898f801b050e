"""What a list is narrowed by: only what its route knows. A misspelt key that counted for nothing would answer with everything."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, get_args

from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from litestar.typing import FieldDefinition

from remit.model.shown import printable

_MOST_NAMED = 5


def known_keys(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard of every route: raises ClientException for a key of the query that it does not know."""
    known = [_name(argument, field) for argument, field in _fields(handler).items()]
    unknown = [key for key in connection.query_params if key not in known]
    if unknown:
        takes = f"it takes {', '.join(f'`{key}`' for key in known)}" if known else "it takes none"
        raise ClientException(f"the query has a key `{printable(unknown[0], 80)}`, which is not known here; {takes}")


def in_words(error: ValidationException, handler: BaseRouteHandler) -> str:
    """Which key has which fault; empty where nothing is told of any."""
    faults = [fault for fault in error.extra if isinstance(fault, dict)] if isinstance(error.extra, list) else []
    fields = _fields(handler)
    return "; ".join(_in_words(str(fault.get("key", "")), str(fault.get("message", "")), fields) for fault in faults[:_MOST_NAMED])


def _in_words(argument: str, message: str, fields: Mapping[str, FieldDefinition]) -> str:
    field = fields.get(argument)
    if field is None:
        return f"`{printable(argument, 80)}`: {printable(message)}"
    values = [member.value for kind in (field.annotation, *get_args(field.annotation)) for member in _members(kind)]
    choices = f"; it is one of {', '.join(f'`{value}`' for value in values)}" if values else ""
    return f"`{_name(argument, field)}`: {printable(message)}{choices}"


def _fields(handler: BaseRouteHandler) -> dict[str, FieldDefinition]:
    parameters = handler.parsed_fn_signature.parameters.items()
    return {argument: field for argument, field in parameters if isinstance(field.kwarg_definition, QueryParameter)}


def _name(argument: str, field: FieldDefinition) -> str:
    return getattr(field.kwarg_definition, "name", None) or argument


def _members(kind: Any) -> list[StrEnum]:
    return list(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else []
