"""The least that Remit needs in AWS, as IAM policies: one to read with, one to change with.

The policies are data (`least_privilege.json`); here they are made fit for a connection. Without conditions on purpose: where a condition
cannot be met, nobody could tell that from a missing permission.
"""

from __future__ import annotations

import json
import pkgutil
from functools import cache
from typing import Any

from remit.model.connection import Connection
from remit.model.errors import UsageError
from remit.model.native import Native, Residue
from remit.model.shown import printable
from remit.systems.aws.read.trail import address_of
from remit.systems.aws.session import regions_of

_OWN_NAMES = (
    *(f"{kind}/{folder}remit-{side}" for kind in ("role", "user") for folder in ("", "*/") for side in ("read", "write")),
    "role/aws-service-role/*",
    "role/aws-reserved/*",
)
"""What Remit's own identities are best called, with and without a folder before it; and what AWS keeps for itself."""


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(pkgutil.get_data("remit.systems.aws", "least_privilege.json") or b"")
    return table


def least_privilege(connection: Connection, side: str) -> Native:
    """The policy of one side; `own` among the settings names ARNs that Remit acts as, with commas between."""
    if side not in ("read", "write"):
        raise UsageError(f"`{printable(side)}` is no side of a connection; write `read` or `write`")
    policy = json.loads(json.dumps(_table()[side]))
    partition = _partition(connection)
    trail = connection.setting("trail")
    words: dict[str, str | list[str]] = {"Partition": partition, "Own": _own(connection, partition)}
    if side == "read" and trail is not None:
        address = address_of(trail)
        if address is None:
            raise UsageError(f"`{printable(trail)}` is not the address of a trail; write `s3://BUCKET/PREFIX`")
        policy["Statement"] += json.loads(json.dumps(_table()["trail"]))
        words |= {"TrailBucket": address[0], "TrailPrefix": address[1]}
    for statement in policy["Statement"]:
        statement["Resource"] = _filled(statement["Resource"], words)
    text = json.dumps(policy, indent=2) + "\n"
    return Native(target="aws", media_type="application/json", text=text, residue=tuple(_residue(connection, side)))


def _filled(resource: str, words: dict[str, str | list[str]]) -> str | list[str]:
    for name, value in words.items():
        mark = f"${{{name}}}"
        if isinstance(value, list):
            if resource == mark:
                return value
        else:
            resource = resource.replace(mark, value)
    return resource


def _partition(connection: Connection) -> str:
    region = next(iter(regions_of(connection)), "")
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _own(connection: Connection, partition: str) -> list[str]:
    named = [part.strip() for part in (connection.setting("own") or "").split(",") if part.strip()]
    return [*(f"arn:{partition}:iam::*:{name}" for name in _OWN_NAMES), *dict.fromkeys(named)]


def _residue(connection: Connection, side: str) -> list[Residue]:
    if side == "read":
        if connection.setting("trail") is None:
            return [Residue(rule="trail", line=0, why="no trail is given: with `--trail s3://BUCKET/PREFIX` the policy names that bucket")]
        return [Residue(rule="trail", line=0, why="a trail encrypted with a key of your own needs `kms:Decrypt` on that key besides")]
    own = "call the two identities `remit-read` and `remit-write`: the last statement denies any change to them, whatever else is granted"
    proof = "`sts:AssumeRole` serves proofs alone, on roles whose trust names the write role; without it proofs are read back and evaluated"
    return [Residue(rule="own", line=0, why=own), Residue(rule="proofs", line=0, why=proof)]
