"""A draft as a remit file: what a person reads, corrects and approves.

Invariants:
- hostile text stands in double quotes or in a comment, escaped, on one line: it can neither end its place nor become a key;
- what only use shows, or words forbid, stands there as a comment: it is needed when a person takes the `#` away, and not before;
- no comment says whether the text is approved: it is signed as it was read, and each comment stays true after that;
- where the owner is known and something is supported, `document.parse` reads the file without an error; an owner that is not known is
  left empty, which `approve` refuses with the place to fill.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from remit.document.parse import parse
from remit.model.draft import Draft, DraftLine, Origin, Reason
from remit.model.shown import printable
from remit.model.verbs import SINK_VERBS

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/-]*(?:[.@][A-Za-z0-9_/-]+)*(?::[A-Za-z0-9_./-]+)?\Z")
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_MOST_PLACES = 3
_MOST_COMMENT_CHARS = 220
_REVIEW = "90d"


def document(draft: Draft) -> str:
    """The file's text."""
    body = (*_head(draft), *_objectives(draft), *_never(draft), "", f"lifecycle: {{review: {_REVIEW}}}")
    return "\n".join([*body, *_withheld(draft), *_only_used(draft), *_open(draft), ""])


def quoted(text: str) -> str:
    """A text as YAML writes it: plain where that can be read as nothing else, otherwise in double quotes with everything odd escaped."""
    if _PLAIN.match(text) and text.lower() not in _NOT_TEXT:
        return text
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char == " " or (char.isprintable() and unicodedata.category(char) not in ("Cf", "Cs", "Co", "Cn", "Zl", "Zp")):
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return "\\uFFFD"  # half of a pair is no character, and YAML has no way to write one
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _comment(text: str, indent: str = "") -> str:
    kept = _in_whole_words(text, _MOST_COMMENT_CHARS)
    return f"{indent}# {printable(kept, len(kept))}"


def _in_whole_words(text: str, most: int) -> str:
    """A text of about `most` characters; only a single word that fills more than half of them is cut itself."""
    if len(text) <= most:
        return text
    words = text[: most + 1].rsplit(None, 1)
    return f"{words[0]} ..." if len(words) > 1 and len(words[0]) > most // 2 else f"{text[:most]}..."


def _head(draft: Draft) -> Iterator[str]:
    # Approval keeps this text as it was read, comments too: each of them has to be true before it and after it.
    yield _comment(
        f"The remit of agent:{draft.agent}, drafted by remit from evidence for a person to read, correct and approve. "
        "Comments are no part of it."
    )
    yield _comment("declared: people wrote it; inferred: its code would do it; observed: it happened. What is granted is no reason.")
    yield "remit: 1"
    yield f"agent: {quoted(draft.agent)}"
    if draft.purpose_because is not None:
        yield _comment(f"{draft.purpose_because.place}: {draft.purpose_because.text}")
    else:
        yield _comment("nobody had written down what it is for when this was drafted: say it here, in one sentence")
    yield f"purpose: {quoted(draft.purpose or f'Not said anywhere: its owner says here what {draft.agent} is for.')}"
    if draft.contact:
        yield f"owner: {{contact: {quoted(draft.contact)}}}"
    else:
        yield "owner:"
        yield f"  contact:  # who answers for it? `remit owner {draft.agent} PERSON`, then draft again"
    known = [ref for ref in draft.identities if _is_identity(ref)]
    if known:
        yield "identities:"
        yield from (f"  - {quoted(ref)}" for ref in known)
    for ref in draft.identities:
        if ref not in known:
            yield _comment(f"also seen, in a form that a remit does not write: {ref}")


def _is_identity(ref: str) -> bool:
    """Whether the grammar takes it: asked of the parser, so that the two cannot differ."""
    tried = parse(f"remit: 1\nidentities: [{quoted(ref)}]\n")
    return not any(problem.code in ("identity", "type", "syntax") for problem in tried.errors)


def _objectives(draft: Draft) -> Iterator[str]:
    yield "objectives:"
    needed = [line for line in draft.lines if not line.is_observed_only]
    if not needed:
        yield _comment(
            "nothing that people wrote and nothing in its code says what it needs: add an objective with a `why` and a `can`", "  "
        )
    for objective in draft.objectives:
        lines = [line for line in needed if line.objective == objective.name]
        if not lines:
            continue
        yield f"  {quoted(objective.name)}:"
        for because in objective.because[:1]:
            yield _comment(f"{because.place}: {because.text}", "    ")
        yield f"    why: {quoted(objective.why)}"
        yield "    can:"
        for line in lines:
            yield from (_comment(text, "      ") for text in _sources(line.reasons))
            if _is_grave_and_only_asked_for(line):
                yield _comment("text alone asks for this, and texts can be written by anybody: nothing in its code does it", "      ")
            yield f"      - {_line(line)}"


def _is_grave_and_only_asked_for(line: DraftLine) -> bool:
    return line.verb in SINK_VERBS and all(reason.origin is Origin.DECLARED for reason in line.reasons)


def _line(line: DraftLine) -> str:
    columns = f", columns: [{', '.join(quoted(column) for column in line.columns)}]" if line.columns else ""
    return f"{{{line.verb}: {quoted(line.system)}, resource: {quoted(line.resource)}{columns}{_where(line)}}}"


def _where(line: DraftLine) -> str:
    patterns: dict[str, list[str]] = {}
    for argument, pattern in line.where:
        patterns.setdefault(argument, []).append(quoted(pattern))
    said = [f"{quoted(argument)}: [{', '.join(found)}]" for argument, found in patterns.items()]
    return f", where: {{{', '.join(said)}}}" if said else ""


def _sources(reasons: Iterable[Reason]) -> Iterator[str]:
    """One comment for each origin, with the first places."""
    by_origin = {origin: [reason for reason in reasons if reason.origin is origin] for origin in Origin}
    for origin, found in by_origin.items():
        if found:
            places = "; ".join(f"{reason.because.place}: {reason.because.text}" for reason in found[:_MOST_PLACES])
            more = f"; and {len(found) - _MOST_PLACES} more" if len(found) > _MOST_PLACES else ""
            yield f"{origin}: {places}{more}"


def _never(draft: Draft) -> Iterator[str]:
    if not draft.never:
        return
    yield "never:"
    before = ""
    for line in draft.never:
        source = _comment(f"{line.because.place}: {line.because.text}", "  ")
        if source != before:
            yield source
        before = source
        resource = f", resource: {quoted(line.resource)}" if line.resource != "*" else ""
        outside = f", outside: [{', '.join(quoted(domain) for domain in line.outside)}]" if line.outside else ""
        yield f"  - {{{line.verb}: {quoted(line.system)}{resource}{outside}}}"


def _withheld(draft: Draft) -> Iterator[str]:
    if not draft.withheld:
        return
    yield ""
    yield _comment("Its code would do this, and its own words forbid it: one of the two is wrong, and somebody who knows settles which.")
    for line in draft.withheld:
        yield from (_comment(f"  {text}") for text in _sources(line.reasons))
        yield f"# - {_line(line)}"  # whole, however long: without its `#` it is a line of the remit


def _only_used(draft: Draft) -> Iterator[str]:
    only = [line for line in draft.lines if line.is_observed_only]
    if not only:
        return
    yield ""
    yield _comment(
        "Used, and nothing says that it is meant to be: out of intent, unless somebody who knows moves it to an objective above."
    )
    for line in only:
        yield from (_comment(f"  {text}") for text in _sources(line.reasons))
        yield f"# - {_line(line)}"  # whole, however long: without its `#` it is a line of the remit


def _open(draft: Draft) -> Iterator[str]:
    if not draft.unresolved:
        return
    yield ""
    yield _comment("Not settled by the evidence:")
    for item in draft.unresolved:
        yield _comment(f"- {item.because.place}: {item.what}")
