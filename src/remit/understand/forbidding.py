"""What an agent's own words forbid, put beside what its evidence would let it do (design section 3).

Invariants:
- instructions are hostile text: what they forbid takes lines away and adds to `never`, and adds nothing to what may be done;
- a line that code alone asks for and the words forbid always, on that thing, is not live: it waits beside the draft for a person;
- a `never` is written only where the words name a verb and a thing that can be written, and where no live line needs it: a `never` goes
  before everything, so one that says more than the words would break honest work;
- whatever of it could not be written, and every line that waits, is told as unresolved, with the place of the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum

import msgspec

from remit.document.pattern import overlaps
from remit.model.draft import DraftNever, Origin, Unresolved
from remit.model.identity import Because
from remit.model.shown import printable
from remit.model.verbs import ANY, CALL, Verb
from remit.understand.client_tools import client_tools
from remit.understand.declared import Wording, is_usual, written_out
from remit.understand.material import Material
from remit.understand.naming import said_as, spoken_names
from remit.understand.prohibited import Prohibited, narrowing, prohibited
from remit.understand.reconcile import Line
from remit.understand.tool_names import is_meant, likely_names, names_it
from remit.understand.wording import Spoken, is_written_out, stem, stems_of_name

_MOST_WORDS = 160
_MOST_NEVER = 24
_MOST_TOLD = 8
_MOST_SERVERS = 3
_GRAVE = frozenset({Verb.DELETE, Verb.TRANSMIT, Verb.PAY, Verb.ADMINISTER})
"""What is told even where no line does it."""
_CHANGED_BY_WRITING = frozenset({"aws:s3", "aws:dynamodb"})
"""Systems whose `create` puts something in the place of what is there."""
_EVERY_TOOL = "*"


class Meets(IntEnum):
    """How a prohibition meets a line."""

    NOT = 0
    PART = 1
    """Sometimes, or a part of what the line is about."""
    WHOLE = 2


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of lines by the words that forbid."""

    live: tuple[Line, ...]
    withheld: tuple[Line, ...]
    """Those that the words forbid and code alone asks for."""
    never: tuple[DraftNever, ...]
    unresolved: tuple[Unresolved, ...]


def settle(material: Material, lines: Sequence[Line], texts: Sequence[Wording], shared: frozenset[str]) -> Settled:
    """The lines that stand, those that wait, what is never to be done, and what is open."""
    wording = next((text for text in texts if text.text == material.agent.purpose), None)
    found = prohibited(wording.text) if wording is not None else ()
    if wording is None or not found:
        return Settled(live=tuple(lines), withheld=(), never=(), unresolved=())
    return _Settling(material, lines, wording, found, shared).settled()


class _Settling:
    """One agent's prohibitions, one after the other."""

    def __init__(
        self, material: Material, lines: Sequence[Line], wording: Wording, found: Sequence[Prohibited], shared: frozenset[str]
    ) -> None:
        self._material, self._lines, self._wording, self._found, self._shared = material, lines, wording, found, shared
        self._is_coding = client_tools(material.agent) is not None
        self._withheld: set[int] = set()
        self._never: dict[tuple[str, str, str, tuple[str, ...]], DraftNever] = {}
        self._unresolved: list[Unresolved] = []
        self._is_settled: set[Prohibited] = set()

    def settled(self) -> Settled:
        for item in self._found:
            self._withhold(item)
        for item in self._found:
            self._write(item)
        self._on_whole_servers(tuple(dict.fromkeys(line.system for line in self._live() if _is_whole_server(line))))
        self._tell_the_rest()
        withheld = tuple(line for line in self._lines if id(line) in self._withheld)
        return Settled(
            live=tuple(line for line in self._lines if id(line) not in self._withheld),
            withheld=withheld,
            never=tuple(self._never.values())[:_MOST_NEVER],
            unresolved=tuple(dict.fromkeys(self._unresolved)),
        )

    def _live(self) -> list[Line]:
        return [line for line in self._lines if id(line) not in self._withheld and not line.is_observed_only]

    # -- lines that wait ------------------------------------------------------------------------------------------------------------

    def _withhold(self, item: Prohibited) -> None:
        for line in self._lines:
            if line.is_observed_only or id(line) in self._withheld or self._meets(item, line) is not Meets.WHOLE:
                continue
            what = f"`{line.verb}` on `{printable(line.resource, 200)}`"
            self._is_settled.add(item)
            if any(claim.origin is Origin.DECLARED for claim in line.claims):
                what += " stands above because people wrote it, and its instructions forbid it too"
            else:
                self._withheld.add(id(line))
                what += " is left out: its code would do it, and its instructions forbid it"
            self._tell(item, what, spoken_names(line.resource))

    def _meets(self, item: Prohibited, line: Line) -> Meets:
        if line.system.startswith("mcp:"):
            return self._meets_tool(item, line)
        if not item.verbs & _done_as(line.system, line.verb):
            return Meets.NOT
        if item.is_generic:
            is_plain = Verb(line.verb) in item.verbs and not (item.is_general and _is_reading_too(line.system, line.verb))
            return _by_condition(item) if is_plain and not item.singles_out else Meets.NOT
        return self._about(item, line.system, line.resource)

    def _meets_tool(self, item: Prohibited, line: Line) -> Meets:
        if line.resource == _EVERY_TOOL:
            return Meets.NOT
        if is_meant(item, line.resource):
            return _by_condition(item)
        is_of_verb = line.verb in set(Verb) and Verb(line.verb) in item.verbs
        return _by_condition(item) if is_of_verb and item.is_generic and not line.where else Meets.NOT

    def _about(self, item: Prohibited, system: str, resource: str) -> Meets:
        """Whether the words speak of this thing, and of no other of the system more fully."""
        share = self._share(item, resource)
        others = (line.resource for line in self._lines if line.system == system)
        if share == 0 or any(self._share(item, other) > share for other in others):
            return Meets.NOT
        told = frozenset().union(*map(stems_of_name, (resource, *spoken_names(resource))))
        return Meets.PART if item.is_conditional or narrowing(item, told) else Meets.WHOLE

    def _share(self, item: Prohibited, resource: str) -> float:
        words = {word if is_written_out(word) else stem(word) for word in (*item.objects, *item.places)}
        return Spoken(resource, spoken_names(resource), self._shared).share(words)

    # -- what is never to be done ---------------------------------------------------------------------------------------------------

    def _write(self, item: Prohibited) -> None:
        if item.outside and Verb.TRANSMIT in item.verbs:
            self._add(item, Verb.TRANSMIT.value, "*", "*", item.outside)
        if item.is_conditional:
            return
        if item.is_general:
            for verb in sorted(item.verbs) if item.verbs != frozenset(Verb) else ():
                if not any(line.verb in (verb.value, ANY) for line in self._live()):
                    self._add(item, verb.value, "*", "*")
            return
        for system, resource in self._things(item):
            for word in self._verbs_on(item, system):
                self._add_unless_needed(item, word, system, resource)

    def _things(self, item: Prohibited) -> Iterator[tuple[str, str]]:
        """What the words write out or call by a name; else what lines speak of."""
        named = [found for word in (*item.objects, *item.places) for found in written_out(self._material, word)]
        if named:
            yield from dict.fromkeys(named)
            return
        for line in self._lines:
            is_thing = not line.system.startswith("mcp:") and not (line.system == "aws:s3" and "/" not in line.resource)
            if is_thing and self._about(item, line.system, line.resource) is Meets.WHOLE:
                yield line.system, line.resource

    def _verbs_on(self, item: Prohibited, system: str) -> list[str]:
        """The verbs of a system that the words mean: only those that something there can be."""
        if item.verbs == frozenset(Verb):
            return [ANY]
        vocabulary = self._material.vocabularies.get(system.partition(":")[0])
        known = set(vocabulary.verbs.values()) if vocabulary is not None else set()
        return [verb.value for verb in Verb if verb in known and is_usual(system, verb) and item.verbs & _done_as(system, verb.value)]

    def _add_unless_needed(self, item: Prohibited, verb: str, system: str, resource: str) -> None:
        for line in self._live():
            is_hit = line.system == system and (verb in (line.verb, ANY) or line.verb in (ANY, CALL)) and overlaps(line.resource, resource)
            if is_hit:
                return
        self._add(item, verb, system, resource)

    def _add(self, item: Prohibited, verb: str, system: str, resource: str, outside: tuple[str, ...] = ()) -> None:
        self._is_settled.add(item)
        text = f"its instructions: {printable(item.sentence, _MOST_WORDS)}"
        because = Because(place=self._wording.place_of(item.sentence), text=text)
        key = (verb, system, resource, outside)
        self._never.setdefault(key, DraftNever(verb=verb, system=system, resource=resource, outside=outside, because=because))

    # -- servers of which every tool is given ---------------------------------------------------------------------------------------

    def _on_whole_servers(self, systems: Sequence[str]) -> None:
        """Lines on every tool: the tools that the words name are taken out; that nobody knows which others do it is told."""
        items = [item for item in self._found if systems and (self._is_of_tools(item) or names_it(item))]
        for item in items:
            named = {(line.system, line.resource) for line in self._lines if line.system in systems and is_meant(item, line.resource)}
            likely = () if named or item.is_conditional else tuple(likely_names(item))
            on = systems if len(systems) == 1 else ("*",)
            for system, tool in sorted(named) if not item.is_conditional else ():
                self._never_tool(item, system, tool)
            for tool in likely:
                self._never_tool(item, on[0], tool)
            self._is_settled |= {item} if named or likely else set()
        left: dict[str, Prohibited] = {}
        for item in items:
            if self._is_of_tools(item) and not item.outside and not any(is_meant(item, line.resource) for line in self._lines):
                left.setdefault(item.sentence, item)
                self._is_settled.add(item)
        shown = ", ".join(f"`{printable(system, 80)}`" for system in systems[:_MOST_SERVERS])
        more = f" and {len(systems) - _MOST_SERVERS} more" if len(systems) > _MOST_SERVERS else ""
        what = f"`*` on {shown}{more} stands above, and which of those tools do what its instructions forbid is not known"
        self._tell_few(left.values(), what)

    def _is_of_tools(self, item: Prohibited) -> bool:
        """Whether a tool may be what is forbidden. Of a coding agent's words on files and code its client's own tools are meant."""
        if self._is_coding:
            return bool(item.verbs & _GRAVE and item.verbs != frozenset(Verb)) or item.is_phrase or (item.is_act and not item.verbs)
        return item.is_act

    def _never_tool(self, item: Prohibited, system: str, tool: str) -> None:
        is_needed = any(line.resource == tool and system in ("*", line.system) for line in self._live())
        if not is_needed:
            self._add(item, ANY, system, tool)

    # -- what is told ---------------------------------------------------------------------------------------------------------------

    def _tell(self, item: Prohibited, what: str, names: Iterable[str] = ()) -> None:
        said = printable(item.sentence, _MOST_WORDS)
        place = self._wording.place_of(item.sentence, names)
        self._unresolved.append(Unresolved(what=f"{what}: `{said}`", because=Because(place=place, text=f"its instructions: {said}")))

    def _tell_few(self, items: Iterable[Prohibited], what: str) -> None:
        """One sentence each, and behind some of them how many more there are."""
        told = list(items)
        for item in told[:_MOST_TOLD]:
            self._tell(item, what)
        if len(told) > _MOST_TOLD:
            self._tell(told[_MOST_TOLD], f"{what}; so it is of {len(told) - _MOST_TOLD} more sentences, from this one on")

    def _tell_the_rest(self) -> None:
        left: dict[str, Prohibited] = {}
        for item in self._found:
            if item not in self._is_settled and item.verbs & _GRAVE and item.verbs != frozenset(Verb):
                left.setdefault(item.sentence, item)
        self._tell_few(
            left.values(), "its instructions forbid something that no line here says; if it always holds, write it under `never`"
        )


def _is_whole_server(line: Line) -> bool:
    return line.system.startswith("mcp:") and line.resource == _EVERY_TOOL


def _by_condition(item: Prohibited) -> Meets:
    return Meets.PART if item.is_conditional else Meets.WHOLE


def _done_as(system: str, verb: str) -> frozenset[Verb]:
    """The verbs whose prohibition speaks of this verb of a system; narrower than those that support it."""
    if verb not in set(Verb):
        return frozenset()
    one = Verb(verb)
    said = {Verb(word) for word in said_as(system, verb) if word in set(Verb)} | {one}
    if one is Verb.EXECUTE:
        return frozenset({one})
    if system == "aws:s3":
        said -= {Verb.TRANSMIT}
    if system not in _CHANGED_BY_WRITING:
        said -= {Verb.UPDATE} - {one}
    return frozenset(said - ({Verb.READ} - {one}))


def _is_reading_too(system: str, verb: str) -> bool:
    """Whether people call it reading: who takes a message off a queue deletes it there."""
    return verb != Verb.READ and Verb.READ in said_as(system, verb)
