"""Who asks: a principal of AWS, and whether a resource policy's `Principal` means it.

Source of the rules: the IAM user guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache

import msgspec

_ACCOUNT = re.compile(r"\d{12}\Z")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?\Z")


class Named(IntEnum):
    """How a `Principal` means the requester; the higher, the more it grants by itself."""

    NO = 0
    ACCOUNT = 1
    """Its account: that account's own policies decide."""
    ROLE = 2
    """The role of a session, or the user of a federated session: boundary and session policies still limit it."""
    ITSELF = 3
    """The user, the session, the service, or everybody."""


class Requester(msgspec.Struct, frozen=True, kw_only=True):
    """A principal that makes a request."""

    name: str
    """As the request gives it: an ARN, a service, `*` for one without credentials."""
    account: str
    """Empty for services and for one without credentials."""
    kind: str
    """`user`, `role`, `session`, `federated-user`, `root`, `service`, `federated`, `anonymous`."""
    behind: str = ""
    """ARN of the role of a session, of the user of a federated session, where it is known."""


@lru_cache(maxsize=4096)
def requester_of(name: str, principal_arn: str | None = None) -> Requester:
    """Reads a principal; `principal_arn` is `aws:PrincipalArn`, which has the path of a session's role. Raises ValueError."""
    if name == "*":
        return Requester(name=name, account="", kind="anonymous")
    if _ACCOUNT.match(name):
        return Requester(name=f"arn:aws:iam::{name}:root", account=name, kind="root")
    if not name.startswith("arn:"):
        kind = "service" if _SERVICE.match(name) and not name.startswith("cognito-identity.") else "federated"
        return Requester(name=name, account="", kind=kind)
    parts = name.split(":", 5)
    if len(parts) != 6 or not _ACCOUNT.match(parts[4]):
        raise ValueError("`principal` is an ARN of IAM or STS with its account, a service, or `*`")
    partition, account, rest = parts[1], parts[4], parts[5]
    kind, _, inner = rest.partition("/")
    if parts[2] == "sts" and kind == "assumed-role":
        role, _, session = inner.partition("/")
        behind = f"arn:{partition}:iam::{account}:role/{role}"
        if principal_arn is not None and principal_arn.startswith(behind.removesuffix(role)) and principal_arn.split("/")[-1] == role:
            behind = principal_arn
        return Requester(name=name, account=account, kind="session" if session else "role", behind=behind)
    if parts[2] == "sts" and kind == "federated-user":
        return Requester(name=name, account=account, kind=kind, behind=f"arn:{partition}:iam::{account}:user/{inner}")
    if parts[2] == "iam" and kind in ("user", "role", "root"):
        return Requester(name=name, account=account, kind=kind, behind=name if kind == "role" else "")
    if parts[2] == "iam" and kind in ("saml-provider", "oidc-provider"):
        return Requester(name=name, account="", kind="federated")
    raise ValueError("`principal` is an ARN of a user, role, session or account, a service, or `*`")


def named_by(requester: Requester, principals: Iterable[tuple[str, str]]) -> Named:
    """The strongest way in which a list of principals means the requester."""
    return max((_one(requester, kind, name) for kind, name in principals), default=Named.NO)


def _one(requester: Requester, kind: str, name: str) -> Named:
    if kind == "AWS":
        return _by_account(requester, name)
    if kind == "Service":
        return Named.ITSELF if requester.kind == "service" and requester.name == name else Named.NO
    if kind == "Federated":
        return Named.ITSELF if requester.kind == "federated" and requester.name == name else Named.NO
    return Named.NO  # a canonical user's id is not known of anybody here


def _by_account(requester: Requester, name: str) -> Named:
    if name == "*":
        return Named.ITSELF
    if not requester.account:
        return Named.NO
    if name in (requester.account, f"arn:{_partition(requester)}:iam::{requester.account}:root"):
        return Named.ITSELF if requester.kind == "root" else Named.ACCOUNT
    if name == requester.name:
        return Named.ROLE if requester.kind == "role" else Named.ITSELF
    return Named.ROLE if requester.behind and _is_same_role(name, requester.behind) else Named.NO


def _is_same_role(name: str, behind: str) -> bool:
    """Whether an ARN is that of the role behind a session; the session may not show its path, and names are unique in an account."""
    head, _, path = name.partition("/")
    ours, _, known = behind.partition("/")
    return head == ours and path.rsplit("/", 1)[-1] == known.rsplit("/", 1)[-1] and ("/" not in known or path == known)


def _partition(requester: Requester) -> str:
    return requester.name.split(":", 2)[1]
