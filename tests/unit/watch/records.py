"""Short ways to write what rules look at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from remit.contracts.detection import Window
from remit.document.parse import parse_or_raise
from remit.model.access import LoginState, Principal
from remit.model.agent import Agent, Fingerprint
from remit.model.event import Use
from remit.model.identity import Because, Bound
from remit.model.place import Confidence, Place
from remit.model.remit import Remit
from remit.model.standing import KnownAgent

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)


def because(text: str = "named here", place: str = "infra/main.tf:3") -> Because:
    """A place and what it shows."""
    path, _, line = place.rpartition(":") if place.rpartition(":")[2].isdigit() else (place, "", "")
    return Because(place=Place(path, int(line) if line else None), text=text)


def known(slug: str, **fields: Any) -> KnownAgent:
    """An agent of the inventory; fields of both records."""
    at = fields.pop("at", f"agents/{slug}/agent.py:5")
    path, _, line = at.partition(":")
    place = Place(path, int(line), int(line) + 9) if line else Place(path)
    own = {name: fields.pop(name) for name in list(fields) if name in {"sources", "first_seen", "is_gone"}}
    agent = Agent(
        **{
            "id": slug,
            "name": slug,
            "framework": "crewai",
            "construct": "Agent",
            "language": "python",
            "place": place,
            "places": (place,),
            "model": None,
            "tools": (),
            "purpose": None,
            "purpose_place": None,
            "delegates_to": (),
            "kind": None,
            "identities": (),
            "credentials": (),
            "autonomy": None,
            "exposure": (),
            "risk": 0.0,
            "owner_candidates": (),
            "inferred_actions": (),
            "fingerprint": Fingerprint(whole=slug),
            "copies": (),
            "confidence": Confidence.CERTAIN,
            "is_test": False,
            **fields,
        }
    )
    return KnownAgent(**{"agent": agent, "sources": ("code:shop",), "first_seen": "2026-09-01T00:00:00Z", **own})


def role(name: str, account: str = "111122223333", **fields: Any) -> Principal:
    """A role of AWS."""
    arn = f"arn:aws:iam::{account}:role/{name}"
    plain = {"ref": arn, "short": f"aws:role/{name.rpartition('/')[2]}", "connection": "aws:main", "kind": "role", "place": arn}
    return Principal(**{**plain, **fields})


def user(name: str, account: str = "111122223333", **fields: Any) -> Principal:
    """A user of AWS."""
    arn = f"arn:aws:iam::{account}:user/{name}"
    plain = {"ref": arn, "short": f"aws:user/{name.rpartition('/')[2]}", "connection": "aws:main", "kind": "user", "place": arn}
    return Principal(**{**plain, **fields})


def login(name: str, connection: str = "postgres:finops", **fields: Any) -> Principal:
    """A role of Postgres."""
    ref = f"{connection}/{name}"
    logins = (LoginState(name="login", kind="password"),)
    plain = {
        "ref": ref,
        "short": ref,
        "connection": connection,
        "kind": "role",
        "place": f"{connection} row pg_roles {name}",
        "logins": logins,
    }
    return Principal(**{**plain, **fields})


def bound(agent: str, principal: Principal | str, **fields: Any) -> Bound:
    """An agent uses an identity."""
    ref = principal if isinstance(principal, str) else principal.ref
    return Bound(**{"agent": agent, "principal": ref, "because": (because(),), **fields})


def use(agent: str, principal: Principal | str, action: str, resource: str = "*", **fields: Any) -> Use:
    """Something that happened."""
    ref = principal if isinstance(principal, str) else principal.ref
    is_aws = ":" in action
    source = "aws:main" if is_aws else "postgres:finops"
    system = f"aws:{action.partition(':')[0]}" if is_aws else source
    plain = {
        "agent": agent,
        "principal": ref,
        "source": source,
        "system": system,
        "action": action,
        "resource": resource,
        "first": "2026-08-28T10:00:00Z",
        "last": "2026-11-25T10:00:00Z",
        "allowed": 7,
        "denied": 0,
        "place": "s3://trail/x.json.gz#event-1",
    }
    return Use(**{**plain, **fields})


def remit(agent: str, lines: str, extra: str = "") -> Remit:
    """An approved remit with these lines of `can`."""
    text = f"remit: 1\nagent: {agent}\npurpose: Work.\nowner: {{contact: dana@example.com}}\nobjectives:\n  work:\n    why: So.\n    can:\n"
    return parse_or_raise(text + "".join(f"      - {line}\n" for line in lines.strip().splitlines()) + extra, f"{agent}.yaml")


def window(**fields: Any) -> Window:
    """A window; agents, principals, owners and remits may be given as lists."""
    plain: dict[str, Any] = {
        "now": NOW,
        "agents": {},
        "standings": {},
        "owners": {},
        "remits": {},
        "principals": {},
        "bindings": (),
        "alignments": {},
        "uses": (),
        "judged": (),
    }
    keys: Mapping[str, Any] = {"agents": lambda one: one.agent.id, "principals": lambda one: one.ref, "access": lambda one: one.principal}
    for name, value in fields.items():
        is_list = isinstance(value, list)
        key = keys.get(name, lambda one: one.agent)
        plain[name] = {key(one): one for one in value} if is_list and name not in {"bindings", "uses", "judged"} else value
    return Window(**{name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()})
