"""Words of shell text with their quoting undone, and the commands made of them.

Invariants:
- a word that only running would tell (an expansion, a substitution, a pattern of file names, braces, `~`) has no text;
- text of a word is what the shell would hand to the program, whatever quotes it was written with.
"""

from __future__ import annotations

import re
from enum import Enum

import msgspec
from tree_sitter import Node

_PLAIN_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_DOUBLE_ESCAPE = re.compile(r'\\([$`"\\])')
_ANSI = re.compile(
    r"\\(?:(?P<oct>[0-7]{1,3})|x(?P<hex>[0-9A-Fa-f]{1,2})|u(?P<u>[0-9A-Fa-f]{1,4})|U(?P<U>[0-9A-Fa-f]{1,8})|c(?P<control>.)|(?P<char>.))",
    re.DOTALL,
)
_ANSI_CHARS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}
_RUNNING_ONLY = re.compile(r"(?<!\\)(?:\\\\)*[*?\[]|\A~|[=:]~")


class Word(msgspec.Struct, frozen=True):
    """One word of a command."""

    text: str | None
    """None: only running would tell."""
    start: str = ""
    """What is known of its beginning when `text` is None."""
    is_one: bool = True
    """False: it may turn out to be no word, or several."""

    def __str__(self) -> str:
        return self.text if self.text is not None else f"{self.start}..."


UNKNOWN = Word(None, "", False)
"""Any words."""


class Kind(Enum):
    """What sort of command it is."""

    COMMAND = "command"
    REDIRECTION = "redirection"
    ASSIGNMENT = "assignment"
    UNSEEN = "unseen"
    """Something is run that the text does not show: it is absent for every pattern."""


class Command(msgspec.Struct, frozen=True):
    """One command, redirection or assignment."""

    kind: Kind
    words: tuple[Word, ...]
    """Of a command: the program and its arguments. Of a redirection: the operator and its target. Of an assignment: one."""
    verb: str | None = None
    """Shell commands have no verb of their own: the tool says."""

    def __str__(self) -> str:
        return " ".join(str(word) for word in self.words)


UNSEEN = Command(Kind.UNSEEN, ())


def text_of(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode()


def word_from_node(node: Node) -> Word:
    """A word with its quoting undone."""
    match node.type:
        case "word" | "number" | "command_name" | "variable_name" | "extglob_pattern" | "==" | "=~" | "test_operator":
            if node.type == "command_name" and node.named_child_count == 1 and node.named_children[0].type != "word":
                return word_from_node(node.named_children[0])
            return _plain(text_of(node))
        case "raw_string":
            return Word(text_of(node)[1:-1])
        case "ansi_c_string":
            return _ansi(text_of(node)[2:-1])
        case "string":
            return _double_quoted(node)
        case "concatenation":
            return _joined([word_from_node(child) for child in node.children], text_of(node))
        case "process_substitution":
            return Word(None)
        case _:
            return UNKNOWN


def _plain(source: str) -> Word:
    hidden = _RUNNING_ONLY.search(source)
    if hidden is not None:
        return Word(None, _PLAIN_ESCAPE.sub(r"\1", source[: hidden.start()].rstrip("\\")), False)
    return Word(_PLAIN_ESCAPE.sub(r"\1", source))


def _double_quoted(node: Node) -> Word:
    parts = [child for child in node.children if child.type != '"']
    if any(child.type not in ("string_content", "string_content_", "$") for child in parts):
        first = text_of(parts[0]) if parts and parts[0].type == "string_content" else ""
        return Word(None, _DOUBLE_ESCAPE.sub(r"\1", first))
    return Word(_DOUBLE_ESCAPE.sub(r"\1", text_of(node)[1:-1]))


def _ansi(source: str) -> Word:
    def decoded(match: re.Match[str]) -> str:
        if match["oct"] is not None:
            return chr(int(match["oct"], 8) & 0xFF)
        if match["control"] is not None:
            return chr(ord(match["control"]) & 0x1F)
        code = match["hex"] or match["u"] or match["U"]
        if code is not None:
            return chr(min(int(code, 16), 0x10FFFF))
        return _ANSI_CHARS.get(match["char"], match["char"] if match["char"] in "\\'\"?" else f"\\{match['char']}")

    text = _ANSI.sub(decoded, source)
    # NUL ends the word in some shells, and bytes above 0x7f are pieces of characters: only running would tell.
    return Word(text) if "\0" not in text and text.isascii() else Word(None)


def _joined(parts: list[Word], source: str) -> Word:
    if _has_braces(source):
        return UNKNOWN
    text = ""
    for part in parts:
        if part.text is None:
            return Word(None, text + part.start, all(each.is_one for each in parts))
        text += part.text
    return Word(text)


def _has_braces(source: str) -> bool:
    """Whether a word that is made of parts may be a brace expansion; quotes are not looked into, so `"{a,b}"x` counts too."""
    opened = source.find("{")
    return opened >= 0 and ("," in source[opened:] or ".." in source[opened:])
