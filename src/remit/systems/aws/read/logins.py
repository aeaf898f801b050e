"""Reads by what users prove themselves: access keys with their last use, and passwords. Of a key nothing is kept but its fingerprint.

IAM tells these user by user, three calls and more for each, so a few users are asked about at once; the answers come in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from remit.model.evidence import Gap
from remit.systems.aws.faults import CallError, gap
from remit.systems.aws.read import bodies
from remit.systems.aws.session import Clients

_AT_ONCE = 4
Logins = tuple[dict[str, Any], list[Gap]]
"""`AccessKeys` and `LoginProfile` as far as they could be read, and what could not."""


def logins_of(clients: Clients, users: Sequence[Mapping[str, Any]]) -> Iterator[Logins]:
    """The logins of each user, in order."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        yield from pool.map(partial(_logins, clients), users)


def _logins(clients: Clients, user: Mapping[str, Any]) -> Logins:
    found: dict[str, Any] = {}
    gaps: list[Gap] = []
    name, arn = user["UserName"], user["Arn"]
    try:
        keys = [key for page in clients.pages("iam", "list_access_keys", UserName=name) for key in page["AccessKeyMetadata"]]
        found["AccessKeys"] = [bodies.access_key(key, _last_used(clients, arn, key["AccessKeyId"], gaps)) for key in keys]
    except CallError as error:
        gaps.append(gap(arn, "the user's access keys were not read", error, is_whole=False))
    try:
        clients.call("iam", "get_login_profile", UserName=name)
        found["LoginProfile"] = True
    except CallError as error:
        if error.is_absent:
            found["LoginProfile"] = False
        else:
            gaps.append(gap(arn, "whether the user has a password was not read", error, is_whole=False))
    return found, gaps


def _last_used(clients: Clients, arn: str, key: str, gaps: list[Gap]) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = clients.call("iam", "get_access_key_last_used", AccessKeyId=key)["AccessKeyLastUsed"]
    except CallError as error:
        gaps.append(gap(arn, f"when access key ****{key[-4:]} was last used was not read", error, is_whole=False))
        return None
    return answer
