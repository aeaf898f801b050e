"""Which tries are harmless, and which of them show that an identity can or cannot do what it could.

The table is `probes.toml`: reading and listing alone, so that a try does no harm whatever comes out of it.
"""

from __future__ import annotations

import pkgutil
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from remit.model.access import Access, Effect, NativeObject
from remit.model.plan import Probe
from remit.systems.aws.access import access_of
from remit.systems.aws.objects import BUCKET, PROOF_SESSION, of_kind
from remit.systems.aws.pattern import is_pattern, matches

_MOST_PROBES = 5
_ENOUGH_TRIES = 2
_ALWAYS = "s3:ListAllMyBuckets"
"""What is tried where nothing of the table was granted: by itself it shows little, so what was granted is evaluated beside it."""
_LONG = frozenset({"key", "secret"})
_WORD = re.compile(r"\\\{(\w+)\\\}")


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    action: str
    resource: str
    service: str
    """Of boto3."""
    method: str
    arguments: Mapping[str, str | int] = {}
    absent: str = "allowed"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A try with its arguments, for one resource."""

    service: str
    method: str
    arguments: Mapping[str, Any]
    region: str | None
    is_absence_telling: bool
    """Whether an answer that the thing is not there shows that it may be asked for."""


@cache
def tries() -> Mapping[str, Try]:
    """The table, by folded action."""
    table = tomllib.loads((pkgutil.get_data("remit.systems.aws", "probes.toml") or b"").decode())
    return {row["action"].lower(): msgspec.convert(row, Try) for row in table["probe"]}


def call_for(action: str, resource: str) -> Call | None:
    """The harmless call that tries this action on this resource; None: there is none, or the resource is a pattern."""
    row = tries().get(action.lower())
    words = None if row is None else _words(row.resource, resource)
    if row is None or words is None:
        return None
    arguments = {name: value.format_map(words) if isinstance(value, str) else value for name, value in row.arguments.items()}
    return Call(
        service=row.service,
        method=row.method,
        arguments=arguments,
        region=words.get("region") or None,
        is_absence_telling=row.absent == "allowed",
    )


def probes_of(objects: Sequence[NativeObject], connection: str, principal: str, *, is_allowed: bool) -> Iterator[Probe]:
    """What shows that a principal can (or no longer can) do what it can now: harmless tries, each action once before any twice.

    Where few of its grants can be tried, some are named that are only evaluated. At least one comes where it is to be denied.
    """
    granted = [line for found in access_of(objects, [principal]) for line in found.access if line.decision is Effect.ALLOW]
    tried = _in_turns(dict.fromkeys(_candidates(granted, sorted(of_kind(objects, BUCKET)))))
    if not tried and not is_allowed:
        tried = [(_ALWAYS, "*")]
    if len(tried) < _ENOUGH_TRIES:
        tried += [named for named in _in_turns(dict.fromkeys(_evaluated(granted))) if named not in tried][:_ENOUGH_TRIES]
    for action, resource in tried[:_MOST_PROBES]:
        yield Probe(connection=connection, principal=principal, action=action, resource=resource, is_allowed=is_allowed)


def _in_turns(named: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each action once before any twice, and each service once before any twice."""
    seen: Counter[str] = Counter()
    turns: list[tuple[int, int, int, tuple[str, str]]] = []
    for number, (action, resource) in enumerate(named):
        service = action.partition(":")[0]
        seen.update((action, service))
        turns.append((seen[action], seen[service], number, (action, resource)))
    return [named for *_, named in sorted(turns)]


def _evaluated(granted: Iterable[Access]) -> Iterator[tuple[str, str]]:
    """Grants of one action on resources of one kind, with something in the place of what a pattern leaves open."""
    for line in granted:
        if not is_pattern(line.action) and line.resource != "*":
            yield line.action, line.resource.replace("*", PROOF_SESSION).replace("?", "x")


def _candidates(granted: Iterable[Access], buckets: Sequence[str]) -> Iterator[tuple[str, str]]:
    for line in granted:
        for row in tries().values():
            if not matches(line.action.lower(), row.action.lower()):
                continue
            if row.resource == "*":
                if line.resource == "*":
                    yield row.action, "*"
            elif not is_pattern(line.resource):
                if _words(row.resource, line.resource) is not None:
                    yield row.action, line.resource
            elif row.service == "s3":
                yield from ((row.action, bucket) for bucket in buckets if matches(line.resource, bucket) and _words(row.resource, bucket))


def _words(form: str, resource: str) -> dict[str, str] | None:
    """The words of a form in a resource; None where the resource is not of that form, or is a pattern."""
    if form == "*":
        return {} if resource == "*" else None
    if "*" in resource or "?" in resource:
        return None
    found = _form(form).match(resource)
    return None if found is None else {**found.groupdict(), "arn": resource}


@cache
def _form(form: str) -> re.Pattern[str]:
    # A name may hold slashes; every other word ends where the next part begins.
    written = _WORD.sub(lambda match: f"(?P<{match[1]}>.+)" if match[1] in _LONG else f"(?P<{match[1]}>[^:/]+)", re.escape(form))
    return re.compile(f"{written}\\Z", re.DOTALL)
