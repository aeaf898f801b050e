"""The table of one agent with 2,250 grants and 6,000 distinct uses, in several shapes: the first view of its page, and the next ones.

No peer stands beside it: nothing else puts needs, grants and uses side by side. Each shape runs in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from remit.contracts import registry
from remit.contracts.system import Vocabulary, Works
from remit.document.parse import parse_or_raise
from remit.model.access import Access, PrincipalAccess
from remit.model.event import Use
from remit.model.identity import Because
from remit.model.place import Place
from remit.understand.align import align

GRANTS, USES = 2_250, 6_000
TARGET = 0.3
"""Seconds of processor time at the first view."""
_ROLE = "arn:aws:iam::123456789012:role/worker"
_DATABASE_ROLE = "postgres:db/worker"
_BUCKETS = GRANTS // 5
_DATABASE = ("select", "insert", "update", "delete", "references")
Pair = tuple[str, str]
"""(action, resource)."""


def buckets() -> tuple[Iterator[Pair], Iterator[Pair], Sequence[str]]:
    """Single actions on many buckets, of which a few are needed."""
    names = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectTagging", "s3:PutObjectTagging")
    grants = ((names[number % 5], f"arn:aws:s3:::bucket-{number // 5}/*") for number in range(GRANTS))
    uses = ((names[number % 4], f"arn:aws:s3:::bucket-{number % _BUCKETS}/{number}") for number in range(USES))
    return grants, uses, [f'{{read: "aws:s3", resource: "arn:aws:s3:::bucket-{number}/*"}}' for number in range(20)]


def patterns() -> tuple[Iterator[Pair], Iterator[Pair], Sequence[str]]:
    """Patterns of actions on many buckets, and all of them are to be read."""
    names = ("s3:Get*", "s3:*", "s3:GetObject", "s3:Put*", "s3:List*")
    grants = ((names[number % 5], f"arn:aws:s3:::bucket-{number // 5}/*") for number in range(GRANTS))
    uses = ((names[2] if number % 2 else "s3:PutObject", f"arn:aws:s3:::bucket-{number % _BUCKETS}/{number}") for number in range(USES))
    return grants, uses, ['{read: "aws:s3", resource: "*"}', '{create: "aws:s3", resource: "arn:aws:s3:::bucket-1*"}']


def actions() -> tuple[Iterator[Pair], Iterator[Pair], Sequence[str]]:
    """As many actions as there are, written out, on everything."""
    names = list(islice((name for name in _vocabularies()["aws"].names.values() if name < "m"), GRANTS))
    grants = ((name, "*") for name in names)
    uses = ((names[number * 7 % GRANTS], f"arn:aws:x:eu-west-1:123456789012:thing/{number}") for number in range(USES))
    return grants, uses, ['{read: "aws:dynamodb", resource: "*"}', '{any: "aws:ce", resource: "*"}']


def tables() -> tuple[Iterator[Pair], Iterator[Pair], Sequence[str]]:
    """A database role with every privilege on every table."""
    grants = ((_DATABASE[number % 5], f"app.table_{number // 5}") for number in range(GRANTS))
    uses = ((_DATABASE[number % 4], f"app.table_{number // 4 % _BUCKETS}") for number in range(USES))
    return grants, uses, [f'{{update: "postgres:db", resource: "app.table_{number}"}}' for number in range(30)]


SHAPES: Mapping[str, Callable[[], tuple[Iterator[Pair], Iterator[Pair], Sequence[str]]]] = {
    each.__name__: each for each in (buckets, patterns, actions, tables)
}


def measured(name: str) -> float:
    """Says how long one shape takes; gives the processor time of its first view, in seconds."""
    pairs, used, lines = SHAPES[name]()
    is_aws = name != "tables"
    text = 'remit: 1\nagent: worker\npurpose: Do the work.\nowner: {contact: "dana@example.com"}\nobjectives:\n'
    remit = parse_or_raise(text + '  work: {why: "Do the work.", can: [' + ", ".join(lines) + "]}\n")
    grants = tuple(_grant(number, is_aws, *pair) for number, pair in enumerate(pairs))
    access = [PrincipalAccess(principal=_ROLE if is_aws else _DATABASE_ROLE, access=grants)]
    uses = [_use(number, is_aws, *pair) for number, pair in enumerate(used)]
    concerns = {kind: system.concerns for kind, system in registry.find("SYSTEM").items() if isinstance(system.features["read"], Works)}
    took = []
    for _ in range(5):
        began = time.process_time()
        lines_made = len(align("worker", remit, access, uses, _vocabularies(), concerns).lines)
        took.append(time.process_time() - began)
    sys.stdout.write(f"  {name:<10} first {took[0] * 1000:>5.0f} ms   then {min(took[1:]) * 1000:>5.0f} ms   {lines_made:>6,} lines\n")
    return took[0]


def _vocabularies() -> dict[str, Vocabulary]:
    found = (system.vocabulary() for system in registry.find("SYSTEM").values())
    return {vocabulary.kind: vocabulary for vocabulary in found if vocabulary is not None}


def _system(is_aws: bool, action: str) -> str:
    return f"aws:{action.partition(':')[0]}" if is_aws else "postgres:db"


def _grant(number: int, is_aws: bool, action: str, resource: str) -> Access:
    because = (Because(place=Place(f"{_ROLE}#policy/p{number}[0]"), text="grants it"),)
    return Access(system=_system(is_aws, action), action=action, resource=resource, because=because)


def _use(number: int, is_aws: bool, action: str, resource: str) -> Use:
    return Use(
        agent="worker", principal=_ROLE if is_aws else _DATABASE_ROLE, source="aws:main" if is_aws else "postgres:db",
        system=_system(is_aws, action), action=action, resource=resource, first="2026-11-01T00:00:00Z", last="2026-11-02T00:00:00Z",
        allowed=3, denied=int(number % 5 == 0), place=f"log:{number}", columns=() if is_aws else (f"column_{number // 4 // _BUCKETS}",),
    )  # fmt: skip


def main() -> int:
    """Every shape, or the one that is named."""
    if len(sys.argv) == 2:
        return 0 if measured(sys.argv[1]) < TARGET else 1
    sys.stdout.write(f"{GRANTS:,} grants, {USES:,} distinct uses, processor time\n")
    sys.stdout.flush()
    kept = [subprocess.run([sys.executable, "-m", "benchmarks.align", name], check=False).returncode == 0 for name in SHAPES]
    sys.stdout.write(f"every first view under {TARGET * 1000:.0f} ms: {'yes' if all(kept) else 'NO'}\n")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
