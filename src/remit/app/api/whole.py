"""The whole service on one store: web UI, API, and decisions by what is approved there."""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from remit.app.api.application import whole_application
from remit.app.api.guard import Application, Guard
from remit.app.api.health import Readiness
from remit.app.api.metrics import CountedDecide, Metrics, WatchedLog
from remit.app.api.server import serve_application
from remit.app.follow import Follower
from remit.app.jobs import Jobs
from remit.app.snapshot import Snapshots
from remit.app.store_policy import StorePolicy
from remit.app.web.session import Door
from remit.app.web.site import Site
from remit.app.wiring import Decider, vocabularies
from remit.model.times import text_from_time
from remit.points.authzen.service import Service
from remit.store.records import Store


class Whole(msgspec.Struct, frozen=True):
    """The parts that a run needs."""

    application: Application
    service: Service
    guard: Guard
    follower: Follower
    site: Site


class Place(msgspec.Struct, frozen=True):
    """Where the service listens and keeps what does not stand in the store."""

    host: str
    port: int
    url: str
    logs: Path
    """Folder of the decision logs of points without a store."""


def whole(
    url: str | None, log: WatchedLog, token: str, place: Place, who: tuple[str, Mapping[str, str]], report: Callable[[str], None]
) -> Whole:
    """Joins everything. `url` is the store's; `who` is the operating-system user and the environment that systems may read."""
    store = Store.open(url)
    policy = StorePolicy(functools.partial(Store.open, url), vocabularies=vocabularies())
    decide = CountedDecide(Decider(policy, log, point="authzen"))
    service = Service(decide)
    guard = Guard(place.host)
    snapshots = Snapshots(store, _now)
    site = Site(
        snapshots=snapshots,
        jobs=Jobs(lambda: text_from_time(_now())),
        door=Door(place.url, place.port, lambda address: report(f"signed in; for another browser: open {address}")),
        environment=who[1],
        os_user=who[0],
        version=version("remit"),
    )
    app = whole_application(service, guard, site, token, Readiness(policy, log), Metrics(decide, log, policy))
    return Whole(app, service, guard, Follower(snapshots, place.logs, report), site)


def serve(parts: Whole, taken: socket.socket) -> bool:
    """Serves until a signal; true when it was an interrupt from the keyboard."""
    return serve_application(parts.application, parts.service, parts.guard, taken, parts.follower.follow)


def _now() -> datetime:
    return datetime.now(UTC)
