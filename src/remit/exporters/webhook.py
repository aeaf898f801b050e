"""Tells by HTTP POST, signed as Standard Webhooks 1.0 says; the body has the names of OCSF where OCSF has one.

`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. Invariants:
- redirects are not followed: what is told goes to the address that the operator gave, and nowhere else;
- only 2xx is taken; how the receiver words its answer is not read;
- a receiver has so long for its whole answer, however it spreads it: one that always says a little more is given up as one that is silent;
- neither the secret nor the path of the address (which may be one) stands in a message.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import httpx

from remit.contracts.exporter import Delivery, Target, UndeliveredError
from remit.model.errors import UsageError
from remit.model.event import Event
from remit.model.finding import Finding, Severity
from remit.model.ids import AGENT_PREFIX
from remit.model.notice import Notice, NoticeKind

PREFIX = "whsec_"
_SECRET_BYTES = (24, 64)
_SECONDS = httpx.Timeout(10.0, connect=5.0)
_WHOLE_SECONDS = 30.0
"""For all of an answer; the others are for each piece of it."""
_MOST_WAIT_SECONDS = 3600.0
_NOT_NOW = frozenset({401, 403, 404, 407, 408, 409, 410, 421, 423, 425, 429})
"""Statuses below 500 that say something of the receiver, not of the message: it is sent again."""
_SEVERITY = {Severity.LOW: 2, Severity.MEDIUM: 3, Severity.HIGH: 4, Severity.CRITICAL: 5}
_HOW = "make one by `printf 'whsec_%s' \"$(openssl rand -base64 32)\"` and give it to the receiver too"


class Webhook:
    """The plugin."""

    name = "webhook"
    drops: Mapping[str, frozenset[str]] = {
        # Which id of which log it had, and what only audit records know.
        "Event": frozenset({"id", "source", "principal", "result", "credential", "person", "columns"}),
        # What tells findings apart inside Remit.
        "Finding": frozenset({"key", "hangs_on", "state", "accepted_until", "accepted_because", "accepted_by"}),
    }

    def form(self, notice: Notice) -> bytes:
        """JSON in ASCII: whatever stands in a text from outside, it is a string."""
        data = _denied(notice, notice.denied) if notice.denied is not None else _finding(notice, notice.finding)
        body = {"type": notice.kind, "timestamp": notice.at, "data": data}
        return json.dumps(body, separators=(",", ":")).encode("ascii")

    def open(self, target: Target) -> Delivery:
        """Checks address and secret."""
        return _Way(target)


class _Way:
    """An open way to one address."""

    def __init__(self, target: Target, clock: Callable[[], float] = time.time, whole_seconds: float = _WHOLE_SECONDS) -> None:
        self.shown = _host(target.url)
        self._url = target.url
        self._key = _key(target.secret)
        self._clock = clock
        self._whole_seconds = whole_seconds
        self._client = _client()

    def send(self, notice: Notice) -> None:
        """One POST."""
        body = WEBHOOK.form(notice)
        sent = str(int(self._clock()))
        signed = hmac.new(self._key, b".".join((notice.id.encode(), sent.encode(), body)), hashlib.sha256).digest()
        headers = {
            "content-type": "application/json",
            "user-agent": f"remit/{version('remit')}",
            "webhook-id": notice.id,
            "webhook-timestamp": sent,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }
        status, asked = self._answer(body, headers)
        if not 200 <= status < 300:
            where = ", a redirect, which is not followed" if 300 <= status < 400 else ""
            raise UndeliveredError(
                f"the webhook at {self.shown} answered {status}{where}",
                is_for_good=400 <= status < 500 and status not in _NOT_NOW,
                wait_seconds=min(float(asked), _MOST_WAIT_SECONDS) if asked.isascii() and asked.isdigit() else 0.0,
            )

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    def _answer(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Status, and when to come again; in a thread, because only from outside can one stop to read what never ends."""
        client = self._client
        came: list[tuple[int, str] | str] = []

        def ask() -> None:
            try:
                with client.stream("POST", self._url, content=body, headers=headers) as answer:
                    came.append((answer.status_code, answer.headers.get("retry-after", "")))
            except Exception as error:  # noqa: BLE001 - whatever it is, it was not delivered; its text may repeat the address
                came.append(type(error).__name__)

        asking = threading.Thread(target=ask, name="webhook", daemon=True)
        asking.start()
        asking.join(self._whole_seconds)
        answer = came[0] if came else f"not whole within {self._whole_seconds:.0f} s"
        if isinstance(answer, tuple):
            return answer
        if not came:
            # Without its connection the thread fails at the next piece that it reads.
            self._client = _client()
            client.close()
        raise UndeliveredError(f"the webhook at {self.shown} does not answer: {answer}")


def _client() -> httpx.Client:
    # Neither proxies nor logins of the environment: what is told goes to the address of the operator alone.
    return httpx.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False)


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise UsageError("`--webhook` is not an address; write it like `https://example.com/hook`") from None
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError("`--webhook` is not an address of http or https; write it like `https://example.com/hook`")
    if "@" in parts.netloc:
        raise UsageError("`--webhook` holds a login, which every process here can read; what is sent is signed with REMIT_WEBHOOK_SECRET")
    if parts.fragment:
        raise UsageError("`--webhook` holds a `#`: nothing behind it is ever sent")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def _key(secret: str) -> bytes:
    if not secret:
        raise UsageError(f"`--webhook` needs the environment variable REMIT_WEBHOOK_SECRET, by which receivers know what is ours; {_HOW}")
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SECRET_BYTES[0] <= len(key) <= _SECRET_BYTES[1]:
        raise UsageError(f"REMIT_WEBHOOK_SECRET is not `whsec_` and the base64 of 24 to 64 bytes; {_HOW}")
    return key


def _denied(notice: Notice, event: Event) -> dict[str, Any]:
    """API Activity (6003): an action that a decision did not allow."""
    return {
        **_class(6003, 6, 99, notice.at),
        "severity_id": 1,
        "action": "Denied",
        "action_id": 2,
        "status": "Failure",
        "status_id": 2,
        "status_detail": event.because,
        "count": notice.count,
        "end_time": _milliseconds(notice.until or notice.at),
        "actor": {"app_name": AGENT_PREFIX + event.agent if event.agent else None, "session": {"uid": event.session or None}},
        "api": {"service": {"name": event.system}, "operation": event.action},
        "resources": [{"name": event.resource}],
        "unmapped": {
            "decision": event.decision,
            "outcome": event.outcome,
            "would": event.would,
            "time": event.happened,
            "place": event.place,
        },
    }


def _finding(notice: Notice, finding: Finding | None) -> dict[str, Any]:
    """Detection Finding (2004)."""
    if finding is None:
        raise ValueError("a notice about nothing")
    is_closed = notice.kind is NoticeKind.CLOSED
    return {
        **_class(2004, 2, 3 if is_closed else 1, notice.at),
        "severity": finding.severity,
        "severity_id": _SEVERITY[finding.severity],
        "status_id": 4 if is_closed else 1,
        "finding_info": {
            "uid": finding.id,
            "title": finding.title,
            "analytic": {"name": finding.rule, "type_id": 1},
            "created_time_dt": finding.opened,
        },
        "resources": [{"name": AGENT_PREFIX + finding.agent, "type": "agent", "owner": {"name": finding.owner}}],
        "evidences": [{"name": place} for place in finding.evidence],
        "remediation": {"desc": finding.remedy},
        "unmapped": {"closed": finding.closed or None},
    }


def _class(uid: int, category: int, activity: int, at: str) -> dict[str, Any]:
    return {
        "class_uid": uid,
        "category_uid": category,
        "activity_id": activity,
        "type_uid": uid * 100 + activity,
        "time": _milliseconds(at),
        "metadata": {"product": {"name": "Remit", "vendor_name": "Remit", "version": version("remit")}},
    }


def _milliseconds(at: str) -> int | None:
    try:
        return int(datetime.fromisoformat(at).timestamp() * 1000)
    except ValueError:
        return None


WEBHOOK = Webhook()
EXPORTER = WEBHOOK
