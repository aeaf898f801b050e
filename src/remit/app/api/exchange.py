"""What is sent and answered: JSON that can be read in one way, and answers that no page of somebody else can read.

Invariants:
- of two members with one name neither is taken for the right one;
- text from outside stands in an answer as JSON strings alone, in ASCII, whatever it holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.exceptions import ClientException, HTTPException, NotFoundException, ValidationException

from remit.app.api.narrowing import in_words
from remit.app.current import Current
from remit.app.own_fault import own_fault
from remit.model.errors import DocumentError, IdentifierError, RefusedError, RemitError, UsageError
from remit.model.shown import printable
from remit.model.standing import KnownAgent
from remit.points.authzen.strict import MalformedError, read_any

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-origin"}


class Sent:
    """The body of a request."""

    def __init__(self, body: bytes, content_type: str) -> None:
        self._body = body
        self._content_type = content_type

    def read(self, kind: type[T]) -> T:
        """The body as a record; nothing at all is an empty object. Raises ClientException in words."""
        if not self._body.strip():
            return self._converted({}, kind)
        if self._content_type.partition(";")[0].strip().lower() != "application/json":
            raise ClientException("content-type is not `application/json`")
        try:
            return self._converted(read_any(self._body), kind)
        except MalformedError as error:
            raise ClientException(str(error)) from error

    def _converted(self, value: Any, kind: type[T]) -> T:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise ClientException(f"the body is not understood: {printable(str(error), 400)}") from error


async def sent(request: AnyRequest) -> Sent:
    """Reads the body, before the work that may block."""
    return Sent(await request.body(), request.headers.get("content-type", ""))


def answered(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """An answer."""
    # The escapes of ASCII have a form for everything that may stand in a text, halves of surrogate pairs too.
    body = json.dumps(msgspec.to_builtins(document)).encode("ascii")
    return Response(body, status_code=status, media_type="application/json", headers={**HEADERS, **(headers or {})})


def known_agent(current: Current, text: str, *, names_nearest: bool = True) -> KnownAgent:
    """The agent of an address; raises NotFoundException, and RefusedError where the store cannot be asked: that is no missing agent.

    `names_nearest`: whoever asks may hear which agents there are.
    """
    current.agents  # noqa: B018 - asked for here, because what it raises says something of the store
    try:
        return current.known(text)
    except IdentifierError as error:
        raise NotFoundException(str(error)) from error
    except RefusedError as error:
        raise NotFoundException(str(error) if names_nearest else f"there is no agent `{printable(text, 80)}`") from error


def refused(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """An error of HTTP."""
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() != "content-length"}
    if error.status_code == 401:
        headers["www-authenticate"] = "Bearer"
    words = in_words(error, request.route_handler) if isinstance(error, ValidationException) else ""
    return answered({"error": words or error.detail or "not understood"}, error.status_code, headers)


def not_done(_request: AnyRequest, error: RemitError) -> Response[bytes]:
    """An error that Remit raises on purpose: wrong use, a document with problems, or what is refused with its reason."""
    if isinstance(error, DocumentError):
        problems = [msgspec.to_builtins(problem) for problem in error.problems]
        return answered({"error": str(error.problems[0]) if error.problems else "the document cannot be used", "problems": problems}, 422)
    return answered({"error": str(error)}, 400 if isinstance(error, UsageError | IdentifierError) else 409)


def failed(_request: AnyRequest, error: Exception) -> Response[bytes]:
    """A fault of our own; its text may repeat what was read."""
    return answered({"error": own_fault(error)}, 500)


def page_of(items: list[T], identifiers: list[str], after: str | None, limit: int) -> tuple[list[T], str | None]:
    """The items behind an identifier, and the identifier to ask behind next; raises ClientException for one that is not there."""
    begin = 0
    if after is not None:
        if after not in identifiers:
            raise ClientException(f"`after`: there is no `{printable(after, 120)}` in this list (any more); begin without it")
        begin = identifiers.index(after) + 1
    end = begin + limit
    return items[begin:end], identifiers[end - 1] if end < len(items) else None
