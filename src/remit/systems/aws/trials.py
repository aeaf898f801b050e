"""Which tries show that a narrowing holds: things that worked and must go on, and things that worked and must not.

Tries that do no harm whatever comes of them (`probes.toml`) come first, then what only looks; what is neither is read back and evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from remit.model.plan import Probe
from remit.model.verbs import Verb
from remit.systems.aws.access import verdict
from remit.systems.aws.catalogue import actions_matching, concerns, vocabulary
from remit.systems.aws.grants import Estate, Held
from remit.systems.aws.narrowing import Kept
from remit.systems.aws.pattern import is_pattern
from remit.systems.aws.probes import call_for

_MOST = 6
_MOST_EXAMPLES = 3
_MOST_CANDIDATES = 400
_LOOKS = (Verb.LIST, Verb.READ)
_UNLIKELY_NAME = "remit-probe"


def trials(before: Held, after: Held, estate: Estate, connection: str, keep: Sequence[Kept]) -> Iterator[Probe]:
    """The tries, the telling ones of each sort first."""
    for is_allowed, candidates in ((True, _kept(keep)), (False, _granted(before))):
        found = 0
        for action, resource in sorted(dict.fromkeys(candidates), key=_rank)[:_MOST_CANDIDATES]:
            if found == _MOST:
                break
            then = verdict(after, estate, action, resource)
            if then.is_allowed is not is_allowed or then.depends_on or not verdict(before, estate, action, resource).is_allowed:
                continue
            found += 1
            yield Probe(connection=connection, principal=before.principal, action=action, resource=resource, is_allowed=is_allowed)


def _rank(pair: tuple[str, str]) -> tuple[bool, bool, tuple[str, str]]:
    return call_for(*pair) is None, vocabulary().verb_of(pair[0]) not in _LOOKS, pair


def _kept(keep: Iterable[Kept]) -> Iterator[tuple[str, str]]:
    for line in keep:
        for action in _examples(line.written, line.resource):
            yield action, _concrete(line.resource)


def _granted(held: Held) -> Iterator[tuple[str, str]]:
    for grant in held.grants:
        for statement in grant.policy.statements:
            for action in statement.written if statement.is_allow and statement.actions is not None else ():
                for resource in statement.resources or ():
                    for name in _examples(action, resource):
                        yield name, _concrete(resource)


def _examples(action: str, resource: str) -> list[str]:
    """A few actions that a pattern names and that can be about the resource, the telling ones first."""
    fitting = [name for name in actions_matching(action) if concerns(name, resource)]
    return sorted(fitting, key=lambda name: _rank((name, _concrete(resource))))[:_MOST_EXAMPLES]


def _concrete(resource: str) -> str:
    """A thing that a pattern matches: below a folder, a name that nobody has."""
    if resource.endswith("/*") and not is_pattern(resource[:-1]) and "${" not in resource:
        return f"{resource[:-1]}{_UNLIKELY_NAME}"
    return resource
