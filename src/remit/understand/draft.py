"""Evidence about one agent to a draft of its remit: what it seems to be for, line by line with where each line comes from.

Source: design section 3. Deterministic, and no model asks or answers. Invariants: those of `model.draft`, kept by `reconcile`.
Left to others: approval (`govern`), the file (`document`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from remit.model.draft import Draft, DraftLine, DraftNever, DraftObjective, Origin, Unresolved
from remit.model.identity import Because
from remit.model.ids import slug_from_name
from remit.model.place import Place
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.understand.declared import Wording, claims_of_remits, forbidding, remits, shared_parts, wordings, written_claims
from remit.understand.forbidding import settle
from remit.understand.inferred import inferred
from remit.understand.inherited import inherited
from remit.understand.marks import is_heading, unmarked
from remit.understand.material import Material
from remit.understand.reconcile import Line, reconcile
from remit.understand.wording import GRAMMAR, claims, sentences

_MOST_PURPOSE_CHARS = 300
_MOST_WHY_CHARS = 240
_PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z-]*\Z")
_SHORT_LEAD_IN = 80
_LEAD_IN = re.compile(r"(?:you are|you're|i am|act as|your role is|this is)\b", re.IGNORECASE)
_NAME_WORDS = 5
_SKIPPED_IN_NAMES = frozenset(
    {
        "the",
        "a",
        "an",
        "and",
        "or",
        "their",
        "its",
        "his",
        "her",
        "our",
        "your",
        "any",
        "all",
        "each",
        "every",
        "this",
        "that",
        "for",
        "of",
        "to",
    }
)
_SAYS_MORE = GRAMMAR["says_more"]
"""What comes behind these says more of what was named."""
_FEW_WORDS = 2


def draft(material: Material) -> Draft:
    """The draft; its lines are those that the evidence supports, and those that only use shows are marked."""
    texts = wordings(material)
    files = remits(material)
    of_client = inherited(material, texts)
    written = [*written_claims(material, texts), *of_client.claims]
    lines, unresolved = reconcile(material, list(claims_of_remits(files)), written, inferred(material), texts)
    forbidden = settle(material, lines, texts, shared_parts(material))
    purpose, purpose_because = _purpose(files, texts)
    objectives = _Objectives(material, files, purpose, purpose_because)
    drafted = tuple(_drafted(line, objectives.of(line)) for line in forbidden.live)
    return Draft(
        agent=material.agent.id,
        purpose=purpose,
        purpose_because=purpose_because,
        contact=material.contact,
        identities=_identities(material),
        objectives=objectives.used(drafted),
        lines=drafted,
        withheld=tuple(_drafted(line, "") for line in forbidden.withheld),
        never=(*_never_of(files), *forbidden.never),
        unresolved=(
            *unresolved,
            *of_client.unresolved,
            *forbidden.unresolved,
            *_forbidden(forbidden.live, texts),
            *_not_taken_over(files),
        ),
    )


def _drafted(line: Line, objective: str) -> DraftLine:
    return DraftLine(
        objective=objective,
        verb=line.verb,
        system=line.system,
        resource=line.resource,
        columns=line.columns,
        where=line.where,
        actions=line.actions,
        reasons=line.reasons,
        is_observed_only=line.is_observed_only,
    )


def _never_of(files: Sequence[Remit]) -> Iterator[DraftNever]:
    """What remit files forbid; a line with a condition on arguments is told instead."""
    for remit in files:
        for never in remit.never:
            if not never.where:
                because = Because(place=Place(remit.path, never.line or 1), text="a remit file says so")
                yield DraftNever(verb=never.verb, system=never.system, resource=never.resource, outside=never.outside, because=because)


def _forbidden(lines: Iterable[Line], texts: Sequence[Wording]) -> Iterator[Unresolved]:
    """Lines that only code asks for, and that the words about the agent may forbid: a person decides which of the two is wrong."""
    for line in lines:
        if line.is_observed_only or any(claim.origin is Origin.DECLARED for claim in line.claims):
            continue
        found = forbidding(texts, line.verb, line.system, line.resource)
        if found is not None:
            what = f"`{line.verb}` on `{printable(line.resource, 200)}` stands above because its code would do it, and {found.text}"
            yield Unresolved(what=what, because=found)


def _not_taken_over(files: Sequence[Remit]) -> Iterator[Unresolved]:
    """What a remit file says that a draft has no place for: a person copies it."""
    for remit in files:
        said = {
            "never": [never for never in remit.never if never.where],
            "limits": [limit for limit in (remit.limits.calls, remit.limits.pay, remit.limits.rows) if limit is not None],
            "where": [line for _, line in remit.capabilities() if line.where],
            "lifecycle.expires": remit.lifecycle.expires,
        }
        for key, value in said.items():
            if value:
                because = Because(place=Place(remit.path, 1), text="a remit file says so")
                yield Unresolved(
                    what=f"`{key}` of the remit file `{printable(remit.path, 120)}` is not taken over: copy it", because=because
                )


def _identities(material: Material) -> tuple[str, ...]:
    """Short forms where the identity is known, else as the evidence writes it."""
    shorts = {principal.ref: principal.short for principal in material.principals}
    taken = [shorts.get(bound.principal, bound.principal) for bound in material.bound]
    return tuple(
        dict.fromkeys(bound.principal if taken.count(short) > 1 else short for bound, short in zip(material.bound, taken, strict=True))
    )


def _purpose(files: Sequence[Remit], texts: Sequence[Wording]) -> tuple[str, Because | None]:
    """The first words of the surest text; empty where nobody wrote one."""
    if files:
        return files[0].purpose, Because(place=Place(files[0].path, 1), text="`purpose` of a remit file")
    for wording in texts:
        said = sentences(wording.text)
        found = [sentence for sentence in said if not is_heading(sentence)] or said
        if not found:
            continue
        words = unmarked(found[0])
        if len(words) < _SHORT_LEAD_IN and len(found) > 1:
            words = f"{words} {unmarked(found[1])}"
        return printable(words, _MOST_PURPOSE_CHARS), Because(place=wording.place_of(found[0]), text=f"the first words of {wording.what}")
    return "", None


class _Objectives:
    """The goals, each named once after the sentence or file that states it."""

    def __init__(self, material: Material, files: Sequence[Remit], purpose: str, because: Because | None) -> None:
        self._by_key: dict[str, DraftObjective] = {}
        self._agent = material.agent
        self._whys = {objective.name: objective.why for remit in files for objective in remit.objectives}
        self._main_why = next((sentence for sentence in sentences(purpose) if not _LEAD_IN.match(sentence)), purpose)
        self._main_because = (because,) if because is not None else ()
        self._names: set[str] = set(self._whys)

    def of(self, line: Line) -> str:
        """The name of the objective that a line hangs from."""
        filed = next((claim for claim in line.claims if claim.objective), None)
        if filed is not None:
            return self._named(f"file {filed.objective}", filed.objective, self._whys[filed.objective], (filed.because,), is_fixed=True)
        said = next((claim for claim in line.claims if claim.origin is Origin.DECLARED and claim.sentence), None)
        if said is not None:
            return self._named(
                f"said {said.sentence}", _name_from(said.sentence), printable(unmarked(said.sentence), _MOST_WHY_CHARS), (said.because,)
            )
        why = self._main_why or f"Nothing says what {self._agent.id} is for: its owner must."
        return self._named(
            f"said {self._main_why}",
            _name_from(self._main_why) or f"work-of-{self._agent.id}",
            printable(why, _MOST_WHY_CHARS),
            self._main_because,
        )

    def _named(self, key: str, name: str | None, why: str, because: tuple[Because, ...], *, is_fixed: bool = False) -> str:
        if key not in self._by_key:
            name = name or f"work-of-{self._agent.id}"
            if not is_fixed:
                same = next((other for other in self._by_key.values() if other.name == name and other.why == why), None)
                if same is not None:
                    self._by_key[key] = same
                    return same.name
                number = 2
                base = name
                while name in self._names:
                    name, number = f"{base}-{number}", number + 1
            self._names.add(name)
            self._by_key[key] = DraftObjective(name=name, why=why, because=because)
        return self._by_key[key].name

    def used(self, lines: Iterable[DraftLine]) -> tuple[DraftObjective, ...]:
        """The objectives that a line which is needed hangs from, in the order of the lines; observed-only ones need none."""
        by_name = {objective.name: objective for objective in self._by_key.values()}
        return tuple(by_name[name] for name in dict.fromkeys(line.objective for line in lines) if name in by_name)


def _name_from(sentence: str) -> str | None:
    """A name in plain words: the first verb of a sentence and what it is about, up to where the sentence says more of that."""
    sentence = unmarked(sentence)
    for claim in claims(sentence):
        objects = [word for part, word in claim.written if part == "object"]
        words = [word for word in _up_to_more(objects, 1) if _is_for_names(word)]
        if words:
            return slug_from_name("-".join([claim.word, *words[: _NAME_WORDS - 1]])[:60])
    bare = [word.strip(".,:;()") for word in sentence.split()]
    plain = [word for word in _up_to_more(bare, _FEW_WORDS) if _is_for_names(word)][:_NAME_WORDS]
    return slug_from_name("-".join(plain)[:60]) if plain else None


def _up_to_more(words: Sequence[str], least: int) -> Iterator[str]:
    """The words in front of "of", "that" and their like, behind the first few that can stand in a name."""
    count = 0
    for word in words:
        if count >= least and word.lower() in _SAYS_MORE:
            return
        count += _is_for_names(word)
        yield word


def _is_for_names(word: str) -> bool:
    return word.lower() not in _SKIPPED_IN_NAMES and word.lower() not in _SAYS_MORE and _PLAIN_WORD.match(word) is not None
