"""The whole service on one store: web UI, API, and decisions by what is approved there."""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from remit.app.api.application import whole_application
from remit.app.api.guard import Application, Guard
from remit.app.api.health import Readiness
from remit.app.api.metrics import CountedDecide, Metrics, WatchedLog
from remit.app.api.server import serve_application
from remit.app.follow import Follower
from remit.app.jobs import Jobs
from remit.app.notify import Notifier
from remit.app.scan import default_logs
from remit.app.settings import decision_log, state_folder
from remit.app.snapshot import Snapshots
from remit.app.store_policy import ANSWER_SECONDS, StorePolicy
from remit.app.web.session import Door
from remit.app.web.site import Site
from remit.app.wiring import Decider, vocabularies
from remit.contracts import registry
from remit.contracts.exporter import Delivery, Exporter, Target
from remit.model.shown import printable
from remit.model.times import text_from_time
from remit.points.authzen.service import Service
from remit.store.records import Store

_PATIENCE_SECONDS = 30.0
"""How long the end waits for work that is under way; what is cut off then goes on by `remit apply` or `release`."""


class Whole(msgspec.Struct, frozen=True):
    """The parts that a run needs."""

    application: Application
    service: Service
    guard: Guard
    follower: Follower
    site: Site
    policy: StorePolicy
    notifier: Notifier | None
    report: Callable[[str], None]


class Place(msgspec.Struct, frozen=True):
    """Where the service listens and keeps what does not stand in the store."""

    host: str
    port: int
    url: str
    logs: Path
    """Folder of the decision logs of points without a store."""
    token_file: str = "operator-token"  # noqa: S105 - where it stands, not what it is


def whole(
    url: str | None,
    log: WatchedLog,
    token: str,
    place: Place,
    who: tuple[str, Mapping[str, str]],
    report: Callable[[str], None],
    webhook: Target | None = None,
    *,
    announce: Callable[[str], None],
) -> Whole:
    """Joins everything. `url` is the store's; `who` is the operating-system user and the environment that systems may read.

    `announce` is told the next one-time address, when one was used.
    """
    # An empty store in the place of one that is gone would be obeyed as if nobody had been approved or stopped.
    opened = functools.partial(Store.open, url, must_exist=True)
    delivery = _way(webhook) if webhook is not None else None
    store = Store.open(url)
    policy = StorePolicy(functools.partial(opened, wait_s=ANSWER_SECONDS, answers_within_s=ANSWER_SECONDS), vocabularies=vocabularies())
    decide = CountedDecide(Decider(policy, log, point="authzen"))
    service = Service(decide)
    guard = Guard(place.host)
    snapshots = Snapshots(store, _now)
    site = Site(
        snapshots=snapshots,
        jobs=Jobs(lambda: text_from_time(_now()), report),
        door=Door(place.url, place.port, announce),
        environment=who[1],
        os_user=who[0],
        version=version("remit"),
        policy=policy,
        # The host alone: an address may hold a word that lets in.
        receiver=(urlsplit(webhook.url).hostname or "") if webhook is not None else "",
    )
    notifier = None
    if delivery is not None and webhook is not None:
        notifier = Notifier(opened, delivery, webhook.url, report, lambda: text_from_time(_now()))
    metrics = Metrics(decide, log, policy, notifier)
    app = whole_application(service, guard, site, token, Readiness(policy, log), metrics, token_file=place.token_file, report=report)
    follower = Follower(snapshots, lambda: _logs(place.logs, log.path), report)
    return Whole(app, service, guard, follower, site, policy, notifier, report)


def check_webhook(webhook: Target) -> None:
    """Raises UsageError for a webhook that cannot be one; nothing is sent."""
    _way(webhook).close()


def _way(webhook: Target) -> Delivery:
    exporter: Exporter = registry.find("EXPORTER", only="webhook")["webhook"]
    return exporter.open(webhook)


def serve(parts: Whole, taken: socket.socket) -> bool:
    """Serves until a signal, and ends in good order; true when it was an interrupt from the keyboard."""
    if parts.notifier is not None:
        parts.notifier.start()
    try:
        return serve_application(parts.application, parts.service, parts.guard, taken, parts.follower.follow)
    finally:
        _end(parts)


def _end(parts: Whole) -> None:
    """Waits for work that is under way; a second interrupt cuts it off, and the store's journal knows how far it came."""
    jobs = parts.site.jobs
    if running := jobs.running():
        parts.report(f"waiting up to {_PATIENCE_SECONDS:.0f} s for: {', '.join(printable(job.what, 120) for job in running)}")
        if left := jobs.wait(_PATIENCE_SECONDS):
            parts.report(f"cut off: {', '.join(printable(job.what, 120) for job in left)}; `remit doctor` says how far it came")
            return  # its thread may still be using the store
    if parts.notifier is not None:
        parts.notifier.stop()
    parts.policy.close()
    parts.site.snapshots.store.close()


def _logs(folder: Path, own: Path) -> Iterator[tuple[str, Path]]:
    """The decision logs that a state folder has, and this service's own; under the names that a scan gives those that it reads too."""
    is_scanned = folder == decision_log(state_folder()).parent
    found = {path: source if is_scanned else f"decisions:{path}" for source, path in default_logs(folder)}
    yield from ((source, path) for path, source in found.items())
    if own not in found:
        yield f"decisions:{own.absolute()}", own


def _now() -> datetime:
    return datetime.now(UTC)
