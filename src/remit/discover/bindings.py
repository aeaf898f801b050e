"""Who acts as whom: the evidence for each agent and identity, weighed into bindings.

See `link` for the rules; here stands how each kind of evidence is read. A binding is as sure as its surest evidence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from remit.discover.nearness import Neighbourhood, core_of
from remit.discover.principals import Directory
from remit.model.access import Principal
from remit.model.agent import Agent
from remit.model.event import Use
from remit.model.evidence import Gap, GapKind, IdentitySeen, SecretSeen
from remit.model.identity import Because, Binding, Bound
from remit.model.labels import AgentLabels
from remit.model.place import Confidence, Place
from remit.model.shown import printable
from remit.model.standing import KnownAgent

_SURENESS = (Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE)
_TAG = re.compile(
    r"(?<![\w.-])(?:remit[:/.])?agent(?:[-_](?:id|name))?\s*[=:]\s*(?:agent:)?[\"']?([A-Za-z0-9][\w. -]{1,126})", re.IGNORECASE
)
_ROLE_NAME = re.compile(r"(?:arn:[\w-]+:iam::\d{12}:|aws:)role/(?:.*/)?([\w+=,.@-]+)")
_LEAST_WORDS = 2
_MOST_LISTED = 8


def role_names(agent: Agent, directory: Directory) -> frozenset[str]:
    """The names of the AWS roles that evidence gives an agent, by which a declaration and what it became are compared."""
    found = set()
    for binding in agent.identities:
        meant = directory.meant(binding.ref)
        match = _ROLE_NAME.fullmatch(meant.principal or binding.ref)
        if match is not None:
            found.add(match[1].lower())
    return frozenset(found)


class Binder:
    """Collects what binds agents to identities."""

    def __init__(self, agents: Sequence[KnownAgent], directory: Directory) -> None:
        self._agents = [known for known in agents if not known.agent.is_test]
        self._present = {known.agent.id for known in self._agents if not known.is_gone}
        self._directory = directory
        self._labels = AgentLabels(known.agent for known in self._agents)
        self._because: dict[tuple[str, str], dict[Because, None]] = defaultdict(dict)
        self._sureness: dict[tuple[str, str], Confidence] = {}
        self._keys: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        self._by_use_alone: set[tuple[str, str]] = set()
        self.gaps: list[Gap] = []

    def _add(self, slug: str, ref: str, because: Iterable[Because], confidence: Confidence) -> None:
        key = (slug, ref)
        self._because[key].update(dict.fromkeys(because))
        known = self._sureness.get(key, confidence)
        self._sureness[key] = min(known, confidence, key=_SURENESS.index)

    def by_keys(self, agents: Sequence[tuple[str, Agent]], secrets: Sequence[SecretSeen]) -> None:
        """A key that stands in code or settings and is known to its system: the agents that the place is about use its owner."""
        known = [(secret, ref) for secret in secrets if (ref := self._directory.by_key(secret.fingerprint)) is not None]
        near = Neighbourhood([agent for _, agent in agents]) if known else None
        for secret, ref in known:
            principal = self._directory.by_ref[ref]
            if principal.is_own or near is None:
                continue
            found = near.of_place(secret.place)
            because = Because(place=secret.place, text=f"a key of `{printable(principal.short)}` stands here")
            for number in found:
                slug = agents[number][0]
                self._add(slug, ref, (because,), Confidence.CERTAIN if len(found) == 1 else Confidence.LIKELY)
                self._keys[slug, ref][secret.fingerprint] = None
            if not found:
                what = f"a key of `{printable(principal.short)}` stands here, and no agent was found that it is for"
                self.gaps.append(Gap(place=secret.place, kind=GapKind.UNRESOLVED, what=what, is_file=False))

    def by_settings(self, agents: Sequence[tuple[str, Agent]], apart: Sequence[IdentitySeen]) -> None:
        """Identities that settings and deployments name, where they are of a connected system: of the agents that these are about."""
        near = Neighbourhood([agent for _, agent in agents]) if apart else None
        for seen in apart:
            meant = self._directory.meant(seen.ref)
            if near is None or not (meant.principal or meant.candidates):
                continue
            because = Because(place=seen.place, text=seen.because)
            for number in near.of_identity(seen):
                binding = Binding(ref=seen.ref, because=(because,), confidence=max(seen.confidence, Confidence.LIKELY, key=_SURENESS.index))
                self._named(msgspec.structs.replace(agents[number][1], id=agents[number][0]), binding)

    def by_evidence(self) -> None:
        """What code, IaC and platforms name as identities. Of an agent that is gone only what no other agent uses is kept."""
        later = []
        for known in self._agents:
            if known.is_gone:
                later.append(known)
            else:
                for binding in known.agent.identities:
                    self._named(known.agent, binding)
        used = {ref for _, ref in self._because}
        for known in later:
            for binding in known.agent.identities:
                ref = self._directory.meant(binding.ref).principal
                if ref is not None and ref not in used and not self._directory.by_ref[ref].is_own:
                    self._add(known.agent.id, ref, binding.because, binding.confidence)

    def _named(self, agent: Agent, binding: Binding) -> None:
        meant = self._directory.meant(binding.ref)
        if meant.principal is None:
            self._add(agent.id, binding.ref, binding.because, binding.confidence)
            if meant.is_of_connected:
                self.gaps.append(_unsettled(agent, binding, meant.candidates))
        elif not self._directory.by_ref[meant.principal].is_own:
            self._add(agent.id, meant.principal, binding.because, max(binding.confidence, meant.most, key=_SURENESS.index))

    def by_tags(self) -> None:
        """Tags and descriptions of identities that name the agent: `agent=cost-triage`."""
        for principal in self._directory.by_ref.values():
            for text, because in _tags(principal):
                slug = self._labels.called(text.removeprefix("agent:"))
                if slug in self._present and not principal.is_own and slug is not None:
                    self._add(slug, principal.ref, (because,), Confidence.LIKELY)

    def by_use(self, uses: Sequence[Use]) -> None:
        """Sessions and applications that call themselves by an agent's name."""
        seen: set[tuple[str, str]] = set()
        for use in sorted(uses, key=lambda use: (use.principal, use.session, use.place)):
            if not use.principal or not use.session or (use.principal, use.session) in seen:
                continue
            seen.add((use.principal, use.session))
            principal = self._directory.by_ref.get(use.principal)
            slug = self._labels.named_by(use.session)
            if slug is None or slug not in self._present or (principal is not None and principal.is_own):
                continue
            key = (slug, use.principal)
            if key not in self._because:
                self._by_use_alone.add(key)
            if key in self._by_use_alone and len(self._because[key]) >= _MOST_LISTED:
                continue
            because = Because(place=Place(use.place), text=f"session `{printable(use.session, 80)}` is named after the agent")
            self._add(*key, (because,), Confidence.LIKELY)

    def by_name(self) -> None:
        """Likeness of names, where nothing else says anything about either."""
        bound_refs = {ref for _, ref in self._because}
        systems_of: dict[str, set[str]] = defaultdict(set)
        for slug, ref in self._because:
            principal = self._directory.by_ref.get(ref)
            systems_of[slug].add(principal.connection if principal is not None else ref.partition(":")[0])
        agents: dict[frozenset[str], list[str]] = defaultdict(list)
        for known in self._agents:
            if not known.is_gone:
                for words in {core_of(known.agent.id), core_of(known.agent.name or known.agent.id)}:
                    agents[words].append(known.agent.id)
        alike: dict[tuple[str, str], list[Principal]] = defaultdict(list)
        for principal in self._directory.by_ref.values():
            words = core_of(principal.short.rpartition("/")[2], is_identity=True)
            slugs = list(dict.fromkeys(agents.get(words, ())))
            if len(words) >= _LEAST_WORDS and len(slugs) == 1:
                alike[slugs[0], principal.connection].append(principal)
        for (slug, connection), found in alike.items():
            (first, *others) = found
            is_free = not others and first.ref not in bound_refs and connection not in systems_of[slug] and first.person is None
            if is_free and not first.is_own and not first.is_protected and first.kind != "group":
                because = Because(place=Place(first.place), text="its name is the agent's, and nothing else names either")
                self._add(slug, first.ref, (because,), Confidence.POSSIBLE)

    def bound(self) -> tuple[Bound, ...]:
        """The bindings, by agent and identity."""
        return tuple(
            Bound(
                agent=slug,
                principal=ref,
                because=tuple(self._because[slug, ref]),
                key_fingerprints=tuple(sorted(self._keys.get((slug, ref), ()))),
                confidence=self._sureness[slug, ref],
                is_named=(slug, ref) not in self._by_use_alone,
            )
            for slug, ref in sorted(self._because)
        )


def _tags(principal: Principal) -> Iterable[tuple[str, Because]]:
    if principal.agent is not None:
        yield principal.agent.text, Because(place=principal.agent.place, text="a tag of the identity names the agent")
    for match in _TAG.finditer(principal.description[:2000]):
        yield match[1].strip(), Because(place=Place(principal.place), text="its description names the agent")


def _unsettled(agent: Agent, binding: Binding, candidates: Sequence[str]) -> Gap:
    place = binding.because[0].place if binding.because else agent.place
    shown = printable(binding.ref)
    if not candidates:
        what = f"identity `{shown}` of agent `{agent.id}` is not in the connected systems"
    else:
        listed = ", ".join(f"`{printable(candidate)}`" for candidate in candidates[:_MOST_LISTED])
        what = f"identity `{shown}` of agent `{agent.id}` fits {listed}; the evidence does not say which"
    return Gap(place=place, kind=GapKind.UNRESOLVED, what=what, is_file=False)
