"""The read role's live connection to AWS: state, hosted agents, trail, and the state of one target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from remit.contracts.system import RawRecord
from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.evidence import Evidence, Gap, GapKind
from remit.model.place import Place
from remit.model.plan import Step
from remit.model.shown import printable
from remit.systems.aws.identities import own_name
from remit.systems.aws.objects import SELF
from remit.systems.aws.read.agents import HostedReading
from remit.systems.aws.read.buckets import read_buckets
from remit.systems.aws.read.iam import IamReading
from remit.systems.aws.read.trail import TrailReading, address_of
from remit.systems.aws.session import Caller, Clients, known_caller, open_clients, regions_of
from remit.systems.aws.state import current_state

_Found = TypeVar("_Found")


class AwsReader:
    """Reads with the profile of the connection; nothing in it changes anything."""

    def __init__(self, connection: Connection, clients: Clients, caller: Caller, environment: Mapping[str, str]) -> None:
        self._connection = connection
        self._clients = clients
        self._caller = caller
        self._environment = environment

    def read(self) -> Iterator[NativeObject | Evidence | Gap]:
        """Whom Remit acts as, IAM, the buckets and the hosted agents; what could not be read is a gap."""
        own = []
        for found in self._selves():
            own += [own_name(found.id)] if isinstance(found, NativeObject) else []
            yield found
        account = f"arn:{self._caller.partition}:%s:{self._caller.account}:*"
        for item in _understood(IamReading(self._clients, self._connection.id, self._caller).read(), account % "iam:"):
            yield _without_traces(item) if isinstance(item, NativeObject) and own_name(item.id) in own else item
        yield from _understood(read_buckets(self._clients, self._connection.id, self._caller), f"arn:{self._caller.partition}:s3:::*")
        regions = regions_of(self._connection) or (self._clients.region,)
        for region in regions:
            hosted = HostedReading(self._clients, self._connection.id, self._caller, region).read()
            yield from _understood(hosted, account % f"bedrock:{region}")
        where = Place(f"arn:{self._caller.partition}:bedrock:*:{self._caller.account}:*")
        named = ", ".join(f"`{printable(region)}`" for region in regions)
        what = f"hosted agents were looked for in {named} alone; name more with `--region A,B`"
        yield Gap(place=where, kind=GapKind.LEFT_OUT, what=what, is_file=False)
        beyond = Place(f"arn:{self._caller.partition}:organizations::*:policy/*")
        what = "policies of an organisation (SCPs, RCPs) and of resources other than buckets are not read: access may differ by them"
        yield Gap(place=beyond, kind=GapKind.LEFT_OUT, what=what, is_file=False)

    def records(self, cursor: str | None) -> Iterator[RawRecord | Gap]:
        """The records of the trail behind the cursor; nothing where the connection has no trail."""
        trail = self._connection.setting("trail")
        if trail is None:
            return
        address = address_of(trail)
        if address is None:
            what = "not the address of a trail; it is written `s3://BUCKET/PREFIX`"
            yield Gap(place=Place(trail), kind=GapKind.UNSUPPORTED, what=what)
            return
        yield from TrailReading(self._clients, *address).read(cursor)

    def current(self, step: Step) -> str | None:
        """The text of the state of the step's target now."""
        return current_state(self._clients, step.target)

    def close(self) -> None:
        """Closes what is open."""
        self._clients.close()

    def _selves(self) -> Iterator[NativeObject | Gap]:
        """Whom Remit reads as, and whom it would change as: neither is ever changed."""
        sides: dict[Caller, list[str]] = {self._caller: ["read"]}
        profile = self._connection.setting("write_profile")
        if profile is not None:
            try:
                clients = open_clients(self._connection, self._environment, profile)
                sides.setdefault(known_caller(self._connection, clients, profile), []).append("write")
                clients.close()
            except RefusedError as error:
                yield Gap(
                    place=Place(self._connection.id),
                    kind=GapKind.NO_PERMISSION,
                    what=f"the write role is not known: {error}",
                    is_file=False,
                )
        for caller, names in sides.items():
            body = {"Arn": caller.arn, "Account": caller.account, "UserId": caller.user_id, "Sides": names}
            yield NativeObject(connection=self._connection.id, kind=SELF, id=caller.arn, body=body)


def _without_traces(own: NativeObject) -> NativeObject:
    """One of Remit's own identities without when it was last used: each reading would change that, and be a change to report."""
    body = {**own.body, **({"RoleLastUsed": None} if "RoleLastUsed" in own.body else {})}
    if "AccessKeys" in body:
        body["AccessKeys"] = [{name: value for name, value in key.items() if name != "LastUsed"} for key in body["AccessKeys"]]
    return msgspec.structs.replace(own, body=body)


def _understood(found: Iterator[_Found], place: str) -> Iterator[_Found | Gap]:
    """What a part shows; an answer of another shape than AWS describes ends that part with a gap."""
    try:
        yield from found
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        what = f"the rest was not read: an answer has another shape than AWS describes ({type(error).__name__})"
        yield Gap(place=Place(place), kind=GapKind.UNSUPPORTED, what=what)


def open_reader(connection: Connection, environment: Mapping[str, str]) -> AwsReader:
    """Connects with the read role; raises RefusedError in words that say what to mend."""
    trail = connection.setting("trail")
    if trail is not None and address_of(trail) is None:
        raise RefusedError(f"{connection.id}: `{printable(trail)}` is not the address of a trail; write `s3://BUCKET/PREFIX`")
    profile = connection.setting("profile")
    clients = open_clients(connection, environment, profile)
    return AwsReader(connection, clients, known_caller(connection, clients, profile), environment)
