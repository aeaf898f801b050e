"""What a subagent seems to need of the tools that it is given because it lists none.

Being given a tool is no sign that it is needed, as a grant is none. Its own instructions are: they speak of what it does. Invariants:
- a tool of which the instructions do not speak is no line; it is told as unresolved, so that a person lists what is needed;
- one sentence stands behind a line, and is shown with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.model.draft import Origin, Unresolved
from remit.model.identity import Because
from remit.model.shown import printable
from remit.model.verbs import CALL, Verb
from remit.understand.claim import Claim, Gathered
from remit.understand.client_tools import ClientTool, client_tools
from remit.understand.declared import Wording
from remit.understand.material import Material
from remit.understand.wording import Claimed, claims

_MOST_WORDS = 160
_LOOKING = frozenset({Verb.LIST, Verb.READ})
_WRITING = frozenset({Verb.CREATE, Verb.UPDATE})
_BEFORE = frozenset({"", "you", "then", "always", "and", "to", "your", "job", "is"})


def inherited(material: Material, texts: Sequence[Wording]) -> Gathered:
    """The claims of its instructions on the tools that it is given, and which of these nothing asks for."""
    found = client_tools(material.agent)
    if found is None or not found.given:
        return Gathered(())
    wording = next((text for text in texts if text.text == material.agent.purpose), None)
    said = sorted(claims(wording.text), key=_is_to_its_caller) if wording is not None else []
    lines: list[Claim] = []
    left: list[str] = []
    for tool in found.given:
        claim = next((claim for claim in said if _asks_for(claim, tool)), None)
        if claim is None or wording is None:
            left.append(tool.name)
            continue
        text = f"{wording.what}: {printable(claim.sentence, _MOST_WORDS)}"
        lines.append(
            Claim(
                verb=tool.verb,
                system=found.system,
                resource=tool.name,
                action=tool.name,
                origin=Origin.DECLARED,
                because=Because(place=wording.place_of(claim.sentence), text=text),
                sentence=claim.sentence,
            )
        )
    return Gathered(tuple(lines), _unasked(material, found.client, left))


def _is_to_its_caller(claim: Claimed) -> bool:
    """`Use this agent when ...`: what is said to whoever hands it a task, not to itself."""
    return claim.sentence.lower().startswith("use ")


def _asks_for(claim: Claimed, tool: ClientTool) -> bool:
    """Whether a sentence asks for a tool. Looking at files goes with whatever is looked into; a change or a run has to be told as what is
    done, at the head of the sentence: `change identification` changes nothing.
    """
    if tool.words:
        return any(word.strip(".,:;()").lower() in tool.words for word in claim.sentence.split())
    verbs = {Verb(tool.verb)} if tool.verb != CALL else set(tool.reaches)
    if verbs & _LOOKING:
        return bool(_LOOKING & claim.verbs)
    like = _WRITING if verbs & _WRITING else verbs
    return bool(like & claim.verbs) and _head(claim.sentence).startswith(claim.word.removesuffix("e"))


def _head(sentence: str) -> str:
    """Its first word, without marks of Markdown, numbers and `you`."""
    words = (word.strip("*#`_:.").lower() for word in sentence.split())
    return next((word for word in words if word not in _BEFORE and any(char.isalpha() for char in word)), "")


def _unasked(material: Material, client: str, left: Sequence[str]) -> tuple[Unresolved, ...]:
    if not left:
        return ()
    names = ", ".join(f"`{name}`" for name in left)
    what = f"it lists no tools, and so has all of {client}: its instructions do not ask for {names}"
    because = Because(place=material.agent.place, text="a subagent that lists no tools has all of its client")
    return (Unresolved(what=what, because=because),)
