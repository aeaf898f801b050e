"""Declared, inferred and observed evidence put together into lines (design section 3).

Invariants:
- what is granted is not even seen here; a line exists by its reasons alone, so it goes when they go;
- use by itself makes no need: a line that only use shows is `is_observed_only`, or else a compromised agent would legitimise what it does.
  Use settles what other evidence leaves open (which bucket, which folder of it), and only where there is one answer;
- a use that was refused supports nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set

from msgspec.structs import replace

from remit.document.pattern import contains, overlaps
from remit.model.draft import Origin, Reason, Unresolved
from remit.model.event import Use
from remit.model.identity import Because
from remit.model.place import Place
from remit.model.shown import printable
from remit.model.verbs import ANY, CALL
from remit.understand.claim import Claim, Gathered
from remit.understand.declared import Wording, shared_parts, support
from remit.understand.material import Material
from remit.understand.naming import as_policies_write, container_of, generalised
from remit.understand.spans import covers

_MOST_FOLDERS = 4
"""Of more folders of a bucket, the bucket is the pattern that a person can read."""
_FEW_KEYS = 3
"""From so many different keys on, the folder that they share is taken for what an unknown key stands for."""


class Line:
    """A line on its way: its claims, and the uses that it covers."""

    def __init__(self, verb: str, system: str, resource: str, claims: Iterable[Claim], uses: Iterable[Use] = ()) -> None:
        self.verb, self.system, self.resource = verb, system, resource
        self.claims = list(claims)
        self.uses = list(uses)
        self.is_observed_only = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that every claim on it names; empty where one names none."""
        named = [claim.columns for claim in self.claims]
        return tuple(sorted({column for columns in named for column in columns})) if named and all(named) else ()

    @property
    def where(self) -> tuple[tuple[str, str], ...]:
        """The conditions that its claims name, each once; none where one claim names none."""
        named = [claim.where for claim in self.claims if claim.origin is Origin.INFERRED or claim.objective]
        return tuple(dict.fromkeys(pair for pairs in named for pair in pairs)) if named and all(named) else ()

    @property
    def actions(self) -> tuple[str, ...]:
        """The system's own actions that its evidence names."""
        return tuple(sorted({claim.action for claim in self.claims if claim.action} | {use.action for use in self.uses}))

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Its claims, and for each action that was used one observation."""
        return tuple(dict.fromkeys((*(claim.reason for claim in self.claims), *observations(self.uses))))

    @property
    def is_written_out(self) -> bool:
        """Whether some evidence gives the whole resource."""
        return any(claim.is_written_out for claim in self.claims)


def observations(uses: Iterable[Use]) -> Iterator[Reason]:
    """One reason for each action: how often, when last, and the latest record."""
    by_action: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        by_action[use.action].append(use)
    for action, found in sorted(by_action.items()):
        latest = max(found, key=lambda use: use.last)
        count = sum(use.allowed for use in found)
        times = "once" if count == 1 else f"{count:,} times"
        text = f"{printable(action, 80)} was used {times}, last on {printable(latest.last, 40)}"
        yield Reason(origin=Origin.OBSERVED, because=Because(place=Place(latest.place), text=text))


def reconcile(
    material: Material, declared: Sequence[Claim], written: Sequence[Claim], code: Gathered, texts: Sequence[Wording]
) -> tuple[list[Line], list[Unresolved]]:
    """The lines, observed-only ones last, and what stays open."""
    lines: dict[tuple[str, str, str], Line] = {}
    for claim in (*declared, *(claim for claim in code.claims if claim.resource is not None)):
        _add(lines, claim)
    for claim in written:
        _add_written(lines, claim)
    left = _attach(material, list(lines.values()))
    shared = shared_parts(material)
    found = [*_narrowed(material, lines.values())]
    found, contradicted = _not_done_by_code(found, code.claims)
    supported, only, settled = _settle(found, left, [claim for claim in code.claims if claim.resource is None], texts, shared)
    found = _absorbed([*found, *supported])
    for line in found:
        if not any(claim.origin is Origin.DECLARED for claim in line.claims):
            line.claims += support(texts, line.verb, line.system, line.resource, shared)
    unresolved = [*(item for item in code.unresolved if item.because.place not in settled), *contradicted]
    return [*found, *only], unresolved


def _not_done_by_code(lines: Sequence[Line], code: Sequence[Claim]) -> tuple[list[Line], list[Unresolved]]:
    """Words alone make no line where the agent's code is known to act on that system and never does what they say."""
    does = {(claim.system, claim.verb) for claim in code}
    systems = {claim.system for claim in code}
    kept, doubtful = [], []
    for line in lines:
        is_words_alone = not line.uses and all(claim.origin is Origin.DECLARED and not claim.objective for claim in line.claims)
        if not is_words_alone or line.system not in systems or (line.system, line.verb) in does:
            kept.append(line)
            continue
        what = f"words may mean `{line.verb}` on `{printable(line.resource, 160)}`, and nothing in its code does that on {line.system}"
        doubtful.append(Unresolved(what=what, because=line.claims[0].because))
    return kept, doubtful


def verb_of(material: Material, use: Use) -> str | None:
    """The verb of a use; `call` for an unknown tool, None where nothing tells."""
    kind = use.system.partition(":")[0]
    vocabulary = material.vocabularies.get(kind)
    verb = vocabulary.verb_of(use.action) if vocabulary is not None else None
    return verb.value if verb is not None else CALL if kind == "mcp" else None


def _add(lines: dict[tuple[str, str, str], Line], claim: Claim) -> None:
    key = (claim.verb, claim.system, claim.resource or "*")
    if key in lines:
        lines[key].claims.append(claim)
    else:
        lines[key] = Line(*key, [claim])


def _add_written(lines: dict[tuple[str, str, str], Line], claim: Claim) -> None:
    """A text's own resource: it joins what other evidence says of it, settles an unknown key, or stands by itself."""
    resource = claim.resource or "*"
    verbs = (claim.verb, *claim.others)
    same = [line for line in lines.values() if line.verb in verbs and line.system == claim.system and overlaps(line.resource, resource)]
    for line in same:
        if contains(line.resource, resource) and not line.is_written_out:
            # INVARIANT (nothing guessed): the text says which part of the bucket the code, which names no key, means.
            del lines[line.verb, line.system, line.resource]
            line.resource = resource
            lines.setdefault((line.verb, line.system, resource), line)
        line.claims.append(replace(claim, verb=line.verb, resource=line.resource))
    if not same:
        _add(lines, claim)


def _attach(material: Material, lines: Sequence[Line]) -> list[tuple[str, Use]]:
    """Gives each allowed use to the narrowest line that covers it; what is left, with its verb."""
    left = []
    settled_uses = [replace(use, resource=as_policies_write(use.system, use.resource)) for use in material.uses]
    by_system: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_system[line.system].append(line)
    for use in settled_uses:
        verb = verb_of(material, use)
        if use.allowed <= 0 or verb is None:
            continue
        covering = [line for line in by_system[use.system] if line.verb in (verb, ANY, CALL) and covers(line.resource, use.resource)]
        if covering:
            max(covering, key=lambda line: (len(line.resource.rstrip("*")), line.resource)).uses.append(use)
        else:
            left.append((verb, use))
    return left


def _narrowed(material: Material, lines: Iterable[Line]) -> Iterator[Line]:
    """What use settles of a resource: the tools of a server, the folder of an unknown key, region and account of an ARN."""
    everywhere = [use.resource for use in material.uses if use.allowed > 0]
    accounts = {parts[4] for ref in (bound.principal for bound in material.bound) if len(parts := ref.split(":", 5)) > 5}
    for line in lines:
        resources = sorted({use.resource for use in line.uses})
        if (
            line.system.startswith("mcp:")
            and line.resource == "*"
            and resources
            and all(claim.origin is Origin.INFERRED for claim in line.claims)
        ):
            for tool in resources:
                yield Line(line.verb, line.system, tool, line.claims, [use for use in line.uses if use.resource == tool])
            continue
        if not line.is_written_out and len(resources) >= _FEW_KEYS:
            folder = generalised(resources)
            line.resource = folder if contains(line.resource, folder) else line.resource
        yield _placed(line, resources or everywhere, accounts, material.known.regions)


def _placed(line: Line, resources: Sequence[str], accounts: Set[str], known_regions: Set[str]) -> Line:
    """An ARN whose region and account are open is that of the one place in which it (else everything of the agent) was used.

    Where nothing was used, the account is the one that its identities belong to, and the region the only one in which anything was seen.
    """
    parts = line.resource.split(":", 5)
    is_open = len(parts) == 6 and parts[0] == "arn" and "*" in (parts[3], parts[4])
    if not is_open or any(claim.origin is Origin.DECLARED and claim.resource == line.resource and claim.objective for claim in line.claims):
        return line
    places = [each[3:5] for each in (resource.split(":", 5) for resource in resources) if len(each) == 6]
    regions = {region for region, _ in places if region} or known_regions
    used_accounts = {account for _, account in places if account} or accounts
    if parts[3] == "*" and len(regions) == 1:
        parts[3] = next(iter(regions))
    if parts[4] == "*" and len(used_accounts) == 1:
        parts[4] = next(iter(used_accounts))
    line.resource = ":".join(parts)
    return line


def _settle(
    lines: Sequence[Line],
    left: Sequence[tuple[str, Use]],
    open_claims: Sequence[Claim],
    texts: Sequence[Wording],
    shared: frozenset[str],
) -> tuple[list[Line], list[Line], set[Place]]:
    """Lines for what was used and nothing covers: supported ones, observed-only ones, and the places of open claims that this settles."""
    groups: dict[tuple[str, str, str], list[Use]] = defaultdict(list)
    for verb, use in left:
        groups[verb, use.system, container_of(use.resource)].append(use)
    containers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for verb, system, container in groups:
        containers[verb, system].add(container)
    groups = {(*key[:2], part): found for key, uses in groups.items() for part, found in by_folder(key[2], uses).items()}
    for line in lines:
        # What words alone name and use confirms may be what the code means: then nothing else is.
        if line.uses and not any(claim.origin is Origin.INFERRED for claim in line.claims):
            containers[line.verb, line.system].add(container_of(line.resource))
    known = [(line.verb, line.system, line.resource) for line in lines]
    supported: list[Line] = []
    only: list[Line] = []
    settled: set[Place] = set()
    for (verb, system, part), uses in sorted(groups.items()):
        resource = generalised([use.resource for use in uses])
        matching = [claim for claim in open_claims if claim.system == system and claim.verb == verb]
        spoken = list(support(texts, verb, system, resource, shared, known))
        if spoken or (matching and containers[verb, system] == {container_of(part)}):
            line = Line(verb, system, resource, [*matching, *spoken], uses)
            settled.update(claim.because.place for claim in matching)
            supported.append(line)
        else:
            line = Line(verb, system, resource, [], uses)
            line.is_observed_only = True
            only.append(line)
    for line in lines:
        meant = [claim for claim in open_claims if claim.system == line.system and claim.verb == line.verb]
        if line.uses and not any(claim.origin is Origin.INFERRED for claim in line.claims):
            line.claims += meant
            settled.update(claim.because.place for claim in meant)
    return supported, only, settled


def by_folder(container: str, uses: Sequence[Use]) -> dict[str, list[Use]]:
    """Uses by the first folder in a container, so that a neighbour's folder is not taken for one's own; few folders only."""
    found: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        inside = use.resource[len(container) :].lstrip("/")
        found[f"{container}/{inside.partition('/')[0]}" if "/" in inside else container].append(use)
    return found if len(found) <= _MOST_FOLDERS else {container: list(uses)}


def _absorbed(lines: Sequence[Line]) -> list[Line]:
    """Each line once: what another line of the same verb contains joins it, with its reasons."""
    kept: list[Line] = []
    for line in sorted(lines, key=lambda each: (len(each.resource.rstrip("*")), each.resource)):
        wider = next((other for other in kept if _covers(other, line)), None)
        if wider is None:
            kept.append(line)
        else:
            wider.claims += line.claims
            wider.uses += line.uses
    order = {id(line): number for number, line in enumerate(lines)}
    return sorted(kept, key=lambda line: order[id(line)])


def _covers(wide: Line, narrow: Line) -> bool:
    if wide.system != narrow.system or wide.verb != narrow.verb or not contains(wide.resource, narrow.resource):
        return False
    return not wide.columns or (bool(narrow.columns) and set(narrow.columns) <= set(wide.columns))
