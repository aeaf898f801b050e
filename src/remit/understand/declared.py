"""What people wrote about an agent, as claims (design section 3, "declared").

A remit file for the agent says its lines itself. Any other text (prompt, README, agent card, tag) says a line only on a resource that it
writes out or calls by its whole name; and it supports a line that code or use shows, where its words speak of that verb and that thing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

import msgspec

from remit.document.parse import parse
from remit.model.agent import Agent
from remit.model.draft import Origin
from remit.model.evidence import TextSeen
from remit.model.identity import Because
from remit.model.ids import slug_from_name
from remit.model.place import Place
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.model.verbs import Verb
from remit.understand.claim import Claim
from remit.understand.inferred import databases_of
from remit.understand.material import Material
from remit.understand.naming import relation_of, resource_of_name, said_as, spoken_kinds, spoken_names
from remit.understand.wording import Claimed, Spoken, claims, forbidden, stems_of_name, supports

_IN_ORDER = (Verb.CREATE, Verb.UPDATE, Verb.TRANSMIT, Verb.EXECUTE, Verb.DELETE, Verb.PAY, Verb.READ)
"""Which verb words mean that may mean several; what a text would let an agent administer, a person has to write."""
_USUAL: Mapping[str, Set[Verb]] = {
    "aws:s3": {Verb.READ, Verb.CREATE, Verb.DELETE},
    "aws:sqs": {Verb.READ, Verb.CREATE},
    "aws:sns": {Verb.TRANSMIT},
    "aws:lambda": {Verb.EXECUTE},
    "aws:states": {Verb.EXECUTE},
    "aws:secretsmanager": {Verb.READ},
    "aws:ssm": {Verb.READ},
    "aws:logs": {Verb.READ, Verb.CREATE},
    "aws:events": {Verb.CREATE},
    "aws:kinesis": {Verb.READ, Verb.CREATE},
    "aws:bedrock": {Verb.EXECUTE},
}
_TABLES = "dynamodb"
"""The service whose things are called tables, as those of a database are."""
_FEW_NAMES = 3
_NAME = re.compile(r"(?=[^\s]*[a-z0-9])(?:[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)+|/[\w./-]+|[a-z][a-z0-9]{3,})\Z")
"""How names of things look; a plain word counts too, since it stands right beside the word for its kind."""
_MOST_WORDS = 160
_BUCKET_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/\S*)?\Z")
_ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):[^:\s]*:[^:\s]*:\S+\Z")


class Wording(msgspec.Struct, frozen=True):
    """A text about the agent, where it stands, and what it is."""

    text: str
    place: Place
    what: str
    lines: tuple[tuple[int, str, int], ...] = ()
    """(offset in the text, path, line) wherever the line changes; empty where only the place is known."""

    def place_of(self, sentence: str, names: Iterable[str] = ()) -> Place:
        """The line on which a sentence stands; of one that runs over several, the line that speaks of these names, else its first."""
        found = re.search(r"\s+".join(map(re.escape, sentence.split())), self.text) if sentence and self.lines else None
        if found is None:
            return self.place
        ends = [*(offset for offset, _, _ in self.lines[1:]), len(self.text)]
        touched = [
            (self.text[max(offset, found.start()) : min(end, found.end())], path, line)
            for (offset, path, line), end in zip(self.lines, ends, strict=True)
            if offset < found.end() and end > found.start()
        ]
        if not touched:
            return self.place
        stems = frozenset().union(*map(stems_of_name, names)) if names else frozenset()
        _, path, line = max(touched, key=lambda part: len(stems & stems_of_name(part[0])))
        return Place(path, line)


def texts_about(agent: Agent, texts: Iterable[TextSeen], agents: Sequence[Agent]) -> tuple[TextSeen, ...]:
    """The texts that are about this agent: they name it, or stand beside it where it is the only one."""
    names = {slug_from_name(name) for name in (agent.id, agent.name or "") if name}
    folder = _folder(agent.place)
    is_alone = sum(1 for other in agents if _folder(other.place) == folder and not other.is_test) <= 1
    return tuple(text for text in texts if _is_about(text, names, folder if is_alone else None))


def _folder(place: Place) -> str:
    return place.path.rpartition("/")[0]


def _is_about(text: TextSeen, names: set[str], folder: str | None) -> bool:
    if text.kind == "remit":
        parsed = parse(text.text, text.place.path).remit
        return parsed is not None and parsed.agent in names
    spoken = f"-{slug_from_name(f'{text.heading} {text.text[:4000]}'[:128])}-" if len(text.text) < 100 else _spoken(text)
    return any(f"-{name.replace('_', '-').replace('.', '-')}-" in spoken for name in names if len(name) > 3) or (
        folder is not None and _folder(text.place) == folder
    )


def _spoken(text: TextSeen) -> str:
    return "-" + re.sub(r"[^a-z0-9]+", "-", f"{text.heading} {text.text}".lower()) + "-"


def wordings(material: Material) -> tuple[Wording, ...]:
    """Every text about the agent but remit files: its purpose first."""
    agent = material.agent
    found = [Wording(agent.purpose, agent.purpose_place or agent.place, "its instructions", agent.purpose_lines)] if agent.purpose else []
    found += [
        Wording(text.text, text.place, "its README" if text.kind == "readme" else "its agent card", _lines(text))
        for text in material.texts
        if text.kind != "remit"
    ]
    found += [
        Wording(principal.description, Place(principal.place), f"the description of {printable(principal.short, 80)}")
        for principal in material.principals
        if principal.description
    ]
    return tuple(found)


def _lines(text: TextSeen) -> tuple[tuple[int, str, int], ...]:
    """A README's paragraph and a card are lines of their file, one after the other."""
    if text.place.line is None:
        return ()
    offsets = [0, *(match.end() for match in re.finditer("\n", text.text))]
    return tuple((offset, text.place.path, text.place.line + number) for number, offset in enumerate(offsets))


def remits(material: Material) -> tuple[Remit, ...]:
    """The remit files for the agent, found beside its code. They are declared, not approved."""
    parsed = (parse(text.text, text.place.path).remit for text in material.texts if text.kind == "remit")
    return tuple(remit for remit in parsed if remit is not None)


def claims_of_remits(found: Iterable[Remit]) -> Iterator[Claim]:
    """The lines of remit files."""
    for remit in found:
        for objective, line in remit.capabilities():
            yield Claim(
                verb=line.verb,
                system=line.system,
                resource=line.resource,
                columns=line.columns,
                origin=Origin.DECLARED,
                because=Because(place=Place(remit.path, line.line), text="a remit file says so"),
                sentence=objective.why,
                objective=objective.name,
            )


def written_claims(material: Material, texts: Sequence[Wording]) -> Iterator[Claim]:
    """What texts say of resources that they write out: `s3://bucket/folder/`, an ARN, a bucket or relation by its whole name."""
    for wording in texts:
        for claim in claims(wording.text):
            for part, word in claim.written:
                for system, resource in written_out(material, word):
                    yield from _claim(wording, claim, part, system, resource)
            for part, system, resource in _called(material, claim):
                yield from _claim(wording, claim, part, system, resource)


def written_out(material: Material, word: str) -> Iterator[tuple[str, str]]:
    """(system, resource) of what a word writes out: an address, an ARN, a bucket or relation by its whole name."""
    bucket, arn = _BUCKET_URL.match(word), _ARN.match(word)
    if bucket is not None:
        folder = (bucket[2] or "").strip("/*")
        yield "aws:s3", f"arn:aws:s3:::{bucket[1]}/{folder + '/*' if folder and '.' not in folder.rpartition('/')[2] else folder or '*'}"
    elif arn is not None:
        yield f"aws:{arn[1]}", word
    elif word in material.known.buckets:
        yield "aws:s3", f"arn:aws:s3:::{word}/*"
    elif "." in word:
        for connection in databases_of(material):
            written = word if material.known.is_relation(connection, word) else word.lower()
            if material.known.is_relation(connection, written):
                yield connection, written


def _called(material: Material, claim: Claimed) -> Iterator[tuple[str, str, str]]:
    """(part, system, resource) of what a text calls by kind and name: `the queue docs-review`, `the klauseln table`."""
    kinds = spoken_kinds()
    words = claim.written
    for at, (part, word) in enumerate(words):
        before = words[at - 1][1].lower() if at else ""
        for kind in (word.lower(), f"{before} {word.lower()}"):
            service = kinds.get(kind)
            if service is None:
                continue
            names = [words[at + 1][1]] if at + 1 < len(words) else []
            names += [words[at - kind.count(" ") - 1][1]] if at > kind.count(" ") else []
            name = next((name for name in names if _NAME.match(name)), None)
            if name is None:
                continue
            yield from ((part, system, resource) for system, resource in _of_kind(material, service, name))
            break


def _of_kind(material: Material, service: str, name: str) -> Iterator[tuple[str, str]]:
    """What a name means beside the word for a kind of thing. A table may as well be one of the agent's database; a queue or a bucket is
    one of AWS only for an agent that acts there, or of which nobody knows where it acts."""
    shown = _shown(material, service)
    databases = databases_of(material)
    if service == _TABLES and databases and name not in shown:
        called = [connection for connection in databases if material.known.relations_called(connection, name)]
        found = [(connection, relation_of(material.known, connection, name)) for connection in called]
        yield from ((connection, relation) for connection, relation in found if relation is not None)
        if called or not shown:
            return
    resource = resource_of_name(service, name)
    if resource is not None and (shown or not databases or _acts_in_aws(material)):
        yield f"aws:{service}", f"{resource}/*" if service == "s3" else resource


def _shown(material: Material, service: str) -> set[str]:
    """The names of the things of a service that code or use shows; `*` for one that they do not name."""
    inferred = ((action.action, action.resource or "*") for action in material.agent.inferred_actions)
    used = ((use.action, use.resource) for use in material.uses)
    return {re.split(r"[/:]", resource)[-1] for action, resource in (*inferred, *used) if action.lower().startswith(f"{service}:")}


def _acts_in_aws(material: Material) -> bool:
    refs = [*(bound.principal for bound in material.bound), *(binding.ref for binding in material.agent.identities)]
    return any(ref.startswith(("aws:", "arn:aws")) for ref in refs)


def _claim(wording: Wording, claim: Claimed, part: str, system: str, resource: str) -> Iterator[Claim]:
    said = {Verb.READ} if part == "source" and not claim.verbs & {Verb.EXECUTE} else claim.verbs
    verbs = [verb.value for verb in _IN_ORDER if {Verb(each) for each in said_as(system, verb.value)} & said and is_usual(system, verb)]
    if verbs:
        yield Claim(
            verb=verbs[0],
            system=system,
            resource=resource,
            origin=Origin.DECLARED,
            because=Because(
                place=wording.place_of(claim.sentence, spoken_names(resource)),
                text=f"{wording.what}: {printable(claim.sentence, _MOST_WORDS)}",
            ),
            sentence=claim.sentence,
            others=tuple(verbs[1:]),
        )


def is_usual(system: str, verb: Verb) -> bool:
    """Whether a verb is one that agents mean on a thing of this service."""
    usual = _USUAL.get(system)
    return usual is None or verb in usual


def shared_parts(material: Material) -> frozenset[str]:
    """The parts of names that at least half of them, three or more, begin with: an organisation calls its buckets after itself."""
    used = (spoken_names(use.resource) for use in material.uses if use.resource.startswith("arn:"))
    named = {*material.known.buckets, *(names[0] for names in used if names)}
    begins = Counter(part for name in named for part in stems_of_name(re.split(r"[-_.]", name)[0]))
    return frozenset(part for part, count in begins.items() if count >= _FEW_NAMES and 2 * count >= len(named))


def support(
    texts: Sequence[Wording],
    verb: str,
    system: str,
    resource: str,
    shared: frozenset[str] = frozenset(),
    besides: Iterable[tuple[str, str, str]] = (),
) -> Iterator[Claim]:
    """For each text the first sentence that speaks of this verb and this thing; `shared` are parts of names that tell nothing apart.

    A sentence that speaks more fully of one of the lines `besides` (verb, system, resource) means that: `the measurement runs` are those
    in the folder `runs`, and not a table `payroll_runs`.
    """
    names = spoken_names(resource)
    thing = Spoken(resource, names, shared)
    verbs = _verbs_said(system, verb)
    others = [(_verbs_said(on, other), Spoken(known, spoken_names(known), shared)) for other, on, known in besides]
    for wording in texts:
        found = next((claim for claim in claims(wording.text) if _means(claim, verbs, thing, others)), None)
        if found is not None:
            yield Claim(
                verb=verb,
                system=system,
                resource=resource,
                origin=Origin.DECLARED,
                because=Because(
                    place=wording.place_of(found.sentence, names), text=f"{wording.what}: {printable(found.sentence, _MOST_WORDS)}"
                ),
                sentence=found.sentence,
            )


def _verbs_said(system: str, verb: str) -> frozenset[Verb]:
    return frozenset(Verb(word) for word in said_as(system, verb) if word in set(Verb))


def _means(claim: Claimed, verbs: frozenset[Verb], thing: Spoken, others: Iterable[tuple[frozenset[Verb], Spoken]]) -> bool:
    share = supports(claim, verbs, thing)
    return share > 0 and (share == 1 or not any(supports(claim, said, other) > share for said, other in others))


def forbidding(texts: Sequence[Wording], verb: str, system: str, resource: str) -> Because | None:
    """The sentence that may forbid a line: a negation stands before such a verb, done to such a thing."""
    names = spoken_names(resource)
    thing = Spoken(resource, names)
    verbs = _verbs_said(system, verb) - {Verb.READ, Verb.LIST}
    for wording in texts:
        found = next((claim for claim in forbidden(wording.text) if verbs & claim.verbs and supports(claim, verbs, thing)), None)
        if found is not None:
            said = f"{wording.what} may forbid it: `{printable(found.sentence, _MOST_WORDS)}`"
            return Because(place=wording.place_of(found.sentence, names), text=said)
    return None
