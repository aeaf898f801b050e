"""Whether the service lives, whether it can decide, and what it has counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec

from remit.app.api.fresh import broken
from remit.app.api.metrics import CONTENT_TYPE, Metrics, WatchedLog
from remit.app.remits import Policy


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """State of the service."""

    status: Literal["ok", "not ready"]
    because: list[str] = []
    """Why it is not ready."""
    remits: int = 0
    """Remits in force."""
    denied: dict[str, str] = {}
    """Agents whose remit cannot be used: slug -> why."""


class Readiness:
    """Whether decisions can be made and logged."""

    def __init__(self, policy: Callable[[], Policy], log: WatchedLog) -> None:
        self._policy = policy
        self._log = log

    def health(self) -> Health:
        """Everything that would deny whatever is asked."""
        policy = self._policy()
        because = [why for why in (policy.fault, self._log.failure and self._log.retried()) if why]
        status: Literal["ok", "not ready"] = "not ready" if because else "ok"
        return Health(status=status, because=because, remits=len(policy.remits), denied=broken(policy))


@get("/healthz", operation_id="isAlive", summary="Whether the process answers", tags=["health"])
async def is_alive() -> Alive:
    """Always ok: that it answers is the answer."""
    return Alive()


@get(
    "/readyz",
    operation_id="isReady",
    summary="Whether decisions can be made and logged",
    responses={503: ResponseSpec(data_container=Health, description="Everything is denied at the moment, and why.")},
    tags=["health"],
)
async def is_ready(readiness: NamedDependency[Readiness]) -> Response[Health]:
    """Not ready while the log or the remit files cannot be used."""
    health = readiness.health()
    return Response(health, status_code=200 if health.status == "ok" else 503)


@get("/metrics", operation_id="readMetrics", summary="Counters for Prometheus", media_type="text/plain", tags=["health"])
async def read_metrics(metrics: NamedDependency[Metrics]) -> Response[bytes]:
    """The exposition format."""
    return Response(metrics.text(), media_type=CONTENT_TYPE)
