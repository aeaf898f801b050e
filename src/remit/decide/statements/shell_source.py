"""Where the shell grammar and the shells themselves read a text differently: such a text is absent.

Found by holding what is read to what bash and dash really run (tests/differential). The grammar drops a backslash before a space,
joins and splits words, begins comments inside words, and knows neither quotes in arithmetic nor where some here-documents end;
and what is a test or arithmetic to bash is a command to dash.

Invariants:
- closed world: a kind of node that is not listed is refused;
- a word ends where both the grammar and the shell end it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from tree_sitter import Node

from remit.decide.statements.shell_words import text_of

_ODD_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff\ud800-\udfff]")
_HERE_WORD = re.compile(r"""(?:'(\w+)'|"(\w+)"|(\w+))\Z""")
WORDS = frozenset({"word", "number", "string", "raw_string", "ansi_c_string", "concatenation", "simple_expansion", "expansion"}) | {
    "command_substitution",
    "process_substitution",
    "arithmetic_expansion",
    "brace_expression",
    "extglob_pattern",
    "variable_name",
    "regex",
}
"""Kinds of node that are a word of a command."""
_KNOWN = frozenset(
    [
        "program",
        "list",
        "pipeline",
        "command",
        "command_name",
        "redirected_statement",
        "subshell",
        "compound_statement",
        "if_statement",
        "elif_clause",
        "else_clause",
        "while_statement",
        "for_statement",
        "do_group",
        "case_statement",
        "case_item",
        "function_definition",
        "negated_command",
        "variable_assignment",
        "variable_assignments",
        "declaration_command",
        "unset_command",
        "test_command",
        "file_redirect",
        "heredoc_redirect",
        "herestring_redirect",
        "heredoc_start",
        "heredoc_body",
        "heredoc_content",
        "heredoc_end",
        "command_substitution",
        "process_substitution",
        "string",
        "string_content",
        "raw_string",
        "ansi_c_string",
        "concatenation",
        "word",
        "number",
        "simple_expansion",
        "expansion",
        "variable_name",
        "special_variable_name",
        "arithmetic_expansion",
        "binary_expression",
        "unary_expression",
        "postfix_expression",
        "ternary_expression",
        "parenthesized_expression",
        "brace_expression",
        "array",
        "subscript",
        "extglob_pattern",
        "regex",
        "test_operator",
        "file_descriptor",
        "comment",
    ]
)
_PLAIN_VARIABLE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9#?$!@*_-])\Z")
_UNCLEAR_IN_BACKQUOTES = re.compile(r"\\|<<")
"""Backslashes are undone before the text is read, and a here-document ends at the next backquote."""
_PLAIN_EXPANSION = re.compile(r"\$\{[^`$\\'\"<>(){}\n]*\}\Z")
_PLAIN_ARITHMETIC = re.compile(r"\$(?:\(\([^`'\"\\{}\[\]#;\n]*\)\)|\[[^`'\"\\{}\[\]#;\n]*\])\Z")
_SPACE_IN_WORD = re.compile(r"(?<!\\)(?:\\\\)*[ \t\n]")
_LONE_BACKSLASH = re.compile(r"(?:\A|[\s;&|()<>])\\[ \t]")
"""The grammar takes a backslash and a space for space, the shell for a word."""
_WHOLES = frozenset(
    [
        "concatenation",
        "string",
        "variable_assignment",
        "expansion",
        "simple_expansion",
        "array",
        "subscript",
        "arithmetic_expansion",
        "binary_expression",
        "unary_expression",
        "postfix_expression",
        "ternary_expression",
        "parenthesized_expression",
        "brace_expression",
        "heredoc_body",
        "function_definition",
        "case_item",
        "case_statement",
        "test_command",
        "regex",
        "c_style_for_statement",
        "heredoc_redirect",
    ]
)
"""What words may be a part of without ending where the part ends."""
_AFTER_WORDS = frozenset({b"", b" ", b"\t", b"\n", b";", b"&", b"|", b")", b"<", b">"})
_BEFORE_WORDS = _AFTER_WORDS | {b"("}
_BEFORE_COMMENTS = frozenset({b" ", b"\t", b"\n", b";", b"&", b"|", b"(", b")"})
_OPERATORS_IN_TESTS = frozenset({"&&", "||", "|", "&", "<", ">", "(", ")", ";"})


class AbsentError(Exception):
    """The text cannot be read, or shells read it differently."""


def source_of(text: str) -> bytes:
    """The text as it is parsed; raises AbsentError."""
    if _ODD_CHARACTERS.search(text) or _LONE_BACKSLASH.search(text):
        raise AbsentError
    return _without_continuations(text).encode()


def _without_continuations(text: str) -> str:
    """The text without its backslash-newlines, which the grammar takes for white space and the shell for nothing."""
    if "\\\n" not in text:
        return text
    if "<<" in text:
        raise AbsentError
    kept: list[str] = []
    quote = ""
    index = 0
    while index < len(text):
        char = text[index]
        if quote == "#":
            quote = "" if char == "\n" else quote
        elif quote == "'":
            quote = "" if char == "'" else quote
        elif char == "\\":
            following = text[index + 1 : index + 2]
            if following != "\n":
                kept.append(char + following)
            index += 2
            continue
        elif char == quote:
            quote = ""
        elif not quote and (char in "'\"" or (char == "#" and (not kept or kept[-1][-1] in " \t\n;&|("))):
            if char == "'" and kept and kept[-1] == "$":
                raise AbsentError
            quote = char
        kept.append(char)
        index += 1
    return "".join(kept)


def refuse_what_shells_read_differently(node: Node, rows: list[str], source: bytes) -> None:
    """Raises AbsentError where a node could be something else to a shell."""
    if node.is_named and node.type not in _KNOWN:
        raise AbsentError
    if (node.type in WORDS or node.type == "variable_assignment") and not _is_whole_word(node, source):
        raise AbsentError
    match node.type:
        case "compound_statement" if node.children and node.children[0].type == "((":
            raise AbsentError
        case "test_command":
            # `[ a > b ]` writes a file, and to a shell without `[[` its operators and lines are commands.
            if "\n" in text_of(node) or any(child.type in _OPERATORS_IN_TESTS for child in descendants(node)):
                raise AbsentError
        case "comment" if node.start_byte and source[node.start_byte - 1 : node.start_byte] not in _BEFORE_COMMENTS:
            raise AbsentError
        case "word" if _SPACE_IN_WORD.search(text_of(node)):
            raise AbsentError
        case "{" if source[node.end_byte : node.end_byte + 1] not in (b" ", b"\t", b"\n") and _opens_group(node):
            raise AbsentError
        case "concatenation" if any(left.end_byte != right.start_byte for left, right in pairwise(node.children)):
            raise AbsentError
        case "expansion" if _PLAIN_EXPANSION.match(text_of(node)) is None:
            raise AbsentError
        case "simple_expansion" if _PLAIN_VARIABLE.match(text_of(node)) is None:
            raise AbsentError
        case "arithmetic_expansion" if _PLAIN_ARITHMETIC.match(text_of(node)) is None or "$(" in text_of(node)[3:]:
            raise AbsentError
        case "ansi_c_string" if "\\'" in text_of(node):
            raise AbsentError
        case "command_substitution" if node.children[0].type == "`" and _UNCLEAR_IN_BACKQUOTES.search(text_of(node)):
            raise AbsentError
        case "file_descriptor" if not text_of(node).isdigit():
            raise AbsentError
        case "heredoc_redirect":
            _refuse_unclear_here_document(node, rows)


def _is_whole_word(node: Node, source: bytes) -> bool:
    """Whether the shell too ends a word where the grammar does, for a node that is no part of another."""
    if node.parent is None or node.parent.type in _WHOLES:
        return True
    before, after = source[node.start_byte - 1 : node.start_byte] if node.start_byte else b"", source[node.end_byte : node.end_byte + 1]
    is_begun = before in _BEFORE_WORDS or (before == b"`" and _is_edge_of_backquotes(node, at_end=False))
    return is_begun and (after in _AFTER_WORDS or (after == b"`" and _is_edge_of_backquotes(node, at_end=True)))


def _is_edge_of_backquotes(node: Node, *, at_end: bool) -> bool:
    """Whether the backquote beside a node is that of the substitution which it stands in."""
    around: Node | None = node
    while around is not None:
        if around.type == "command_substitution" and around.children[0].type == "`":
            return around.end_byte - 1 == node.end_byte if at_end else around.start_byte + 1 == node.start_byte
        around = around.parent
    return False


def _opens_group(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "compound_statement"


def descendants(node: Node) -> Iterator[Node]:
    """The nodes below one, those inside substitutions left out."""
    waiting = list(node.children)
    while waiting:
        found = waiting.pop()
        yield found
        if found.type not in ("command_substitution", "process_substitution", "arithmetic_expansion"):
            waiting.extend(found.children)


def _refuse_unclear_here_document(node: Node, rows: list[str]) -> None:
    """The grammar's idea of where a here-document ends is compared with the shell's: the first line that is its word."""
    start = next((child for child in node.children if child.type == "heredoc_start"), None)
    end = next((child for child in node.children if child.type == "heredoc_end"), None)
    word = _HERE_WORD.match(text_of(start)) if start is not None else None
    if start is None or end is None or word is None:
        raise AbsentError
    row = start.start_point.row
    if rows[row].count("<<") != 1:
        raise AbsentError
    name = word[1] or word[2] or word[3]
    has_tabs = node.children[0].type == "<<-"
    for number in range(row + 1, len(rows)):
        line = rows[number].lstrip("\t") if has_tabs else rows[number]
        if line == name:
            if number != end.start_point.row:
                raise AbsentError
            break
    else:
        raise AbsentError
    body = "\n".join(rows[row + 1 : end.start_point.row])
    if word[3] and ("`" in body or "$(" in body or "\\" in body):
        raise AbsentError
