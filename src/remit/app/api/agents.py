"""Quarantine and release: stop one agent at once, and let it go on."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotAuthorizedException, NotFoundException
from litestar.openapi import ResponseSpec
from litestar.params import FromPath
from msgspec import Meta

from remit.app.remits import Remits
from remit.model.errors import IdentifierError, RefusedError
from remit.model.ids import AGENT_PREFIX, agent_slug
from remit.model.shown import printable
from remit.points.authzen.strict import MalformedError, read_any
from remit.points.authzen.wire import Fault


class Quarantine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stop, with the words of whoever orders it."""

    because: Annotated[str, Meta(min_length=1, max_length=2000, examples=["sends mail that nobody asked for"])]


class AgentStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent stands after a quarantine or a release."""

    agent: str
    """With `agent:`."""
    state: str
    """`active` or `suspended`."""
    changed: bool
    """False: it stood like this before."""
    because: str | None = None
    since: str | None = None
    """RFC 3339, UTC."""


class Operations:
    """The two operations on the remits of this service."""

    def __init__(self, remits: Remits, token: str, look: Callable[[], None]) -> None:
        """`look` takes over at once what stands on the disk."""
        self.remits = remits
        self._look = look
        self._token = token.encode()

    def quarantine(self, agent: str, because: str) -> AgentStanding:
        """On the disk and in force when this returns."""
        slug = self._known(agent)
        since = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        try:
            changed = self.remits.suspend(slug, because, since)
        except RefusedError:
            self._look()  # a list of quarantines that cannot be read denies everybody, this agent too, from now on
            raise
        kept = self.remits.policy.suspended[slug]
        return AgentStanding(agent=AGENT_PREFIX + slug, state="suspended", changed=changed, because=kept.because, since=kept.since)

    def release(self, agent: str, authorization: str) -> AgentStanding:
        """Needs the operator's token: a program that may stop an agent may not start it again."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode("utf-8", "replace"), self._token):
            raise NotAuthorizedException("release needs `authorization: Bearer` with the text of the file `operator-token`")
        slug = self._known(agent)
        return AgentStanding(agent=AGENT_PREFIX + slug, state="active", changed=self.remits.release(slug))

    def _known(self, agent: str) -> str:
        try:
            slug = agent_slug(agent)
        except IdentifierError as error:
            raise NotFoundException(str(error)) from error
        policy = self.remits.policy
        if slug not in policy.index.entries and slug not in policy.suspended:
            raise NotFoundException(f"no agent `{printable(slug)}` has a remit here")
        return slug


_RESPONSES = {
    400: ResponseSpec(data_container=Fault, description="The body is not understood."),
    403: ResponseSpec(data_container=Fault, description="The request comes from a browser's page or names another host."),
    404: ResponseSpec(data_container=Fault, description="No such agent."),
    409: ResponseSpec(data_container=Fault, description="It could not be kept: the state folder cannot be written. The agent is stopped."),
}


@post(
    "/api/v1/agents/{agent_id:str}/quarantine",
    status_code=200,
    operation_id="quarantineAgent",
    summary="Stop an agent at once",
    description="Denies everything that the agent asks from now on. Written to `suspended.json` before the answer.",
    responses=_RESPONSES,
    tags=["agents"],
)
async def quarantine(agent_id: FromPath[str], request: Request[Any, Any, Any], operations: NamedDependency[Operations]) -> AgentStanding:
    """Reads the body strictly: of two members `because` neither is the right one."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ClientException("content-type is not `application/json`")
    try:
        body = msgspec.convert(read_any(await request.body()), Quarantine)
    except MalformedError as error:
        raise ClientException(str(error)) from error
    except msgspec.ValidationError as error:
        raise ClientException(f"the body is not understood: {error}") from error
    return operations.quarantine(agent_id, body.because)


@post(
    "/api/v1/agents/{agent_id:str}/release",
    status_code=200,
    operation_id="releaseAgent",
    summary="End a quarantine",
    description="Needs the bearer token that stands in `operator-token` in the state folder.",
    responses={code: spec for code, spec in _RESPONSES.items() if code != 400}
    | {401: ResponseSpec(data_container=Fault, description="The operator's token is missing or wrong.")},
    security=[{"operator": []}],
    tags=["agents"],
)
async def release(agent_id: FromPath[str], request: Request[Any, Any, Any], operations: NamedDependency[Operations]) -> AgentStanding:
    """A body is not looked at."""
    return operations.release(agent_id, request.headers.get("authorization", ""))
