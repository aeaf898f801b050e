"""From a part of an address to the record that it means. An id counts with and without its prefix; what there is not is no page."""

from __future__ import annotations

from urllib.parse import quote

from litestar.exceptions import NotFoundException

from remit.app.current import Current
from remit.app.findings import finding_meant
from remit.model.errors import IdentifierError, RefusedError
from remit.model.event import Event
from remit.model.finding import Finding
from remit.model.plan import Plan
from remit.model.shown import printable
from remit.model.standing import KnownAgent

_PLAN_PREFIX = "plan:"


def agent_at(current: Current, text: str) -> KnownAgent:
    """The agent of an address."""
    try:
        return current.known(text)
    except (RefusedError, IdentifierError) as error:
        raise NotFoundException(str(error)) from error


def finding_at(current: Current, text: str) -> Finding:
    """The finding of an address."""
    try:
        return finding_meant(current.findings, text)
    except RefusedError as error:
        raise NotFoundException(str(error)) from error


def plan_at(current: Current, text: str) -> Plan:
    """The plan of an address, as it is at this moment."""
    plan = current.store.get(Plan, text if text.startswith(_PLAN_PREFIX) else _PLAN_PREFIX + text)
    if plan is None:
        raise NotFoundException(f"there is no plan `{printable(text, 80)}`")
    return plan


def decision_at(current: Current, text: str) -> Event:
    """The decision of an address."""
    event = current.store.decision(text)
    if event is None:
        raise NotFoundException(f"there is no decision `{printable(text, 80)}` in the store")
    return event


def plan_address(plan: str) -> str:
    """Where a plan is shown."""
    return f"/plans/{quote(plan, safe='')}"


def agent_address(slug: str, part: str = "") -> str:
    """Where an agent is shown, or a page of it such as `remit`."""
    return f"/agents/{quote(slug, safe='')}{f'/{part}' if part else ''}"
