"""Shell text to the commands in it (remit language, section 4).

Everything that the text runs is a command: through pipes, lists, subshells, functions, substitutions, wrappers (`wrappers`) and
here-documents that a shell reads. Redirections and assignments are commands of their own kind.

Invariants:
- closed world: text with a syntax error, or with a construct that is not listed here, is absent;
- text that shells read differently (bash, dash, zsh) is absent: `((`, `[[` with operators, `$'\\''`, odd white space;
- quoted text is data, unless a program is known to run it; nothing is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import tree_sitter
import tree_sitter_bash
from tree_sitter import Node

from remit.decide.statements import wrappers
from remit.decide.statements.shell_words import UNKNOWN, UNSEEN, Command, Kind, Word, text_of, word_from_node

_LANGUAGE = tree_sitter.Language(tree_sitter_bash.language())
_MAX_NODES = 20_000
_MAX_DEPTH = 6
"""Shell text inside shell text inside ...: deeper is absent."""
_MAX_COMMANDS = 2_000
_ODD_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff\ud800-\udfff]")
_HERE_WORD = re.compile(r"""(?:'(\w+)'|"(\w+)"|(\w+))\Z""")
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
_WORDS = frozenset({"word", "number", "string", "raw_string", "ansi_c_string", "concatenation", "simple_expansion", "expansion"}) | {
    "command_substitution",
    "process_substitution",
    "arithmetic_expansion",
    "brace_expression",
    "extglob_pattern",
    "variable_name",
    "regex",
}
_PLAIN_EXPANSION = re.compile(r"\$\{[^`$\\'\"<>(){}\n]*\}\Z")
_PLAIN_ARITHMETIC = re.compile(r"\$(?:\(\([^`'\"\\{}\[\]#;\n]*\)\)|\[[^`'\"\\{}\[\]#;\n]*\])\Z")
_SPACE_IN_WORD = re.compile(r"(?<!\\)(?:\\\\)*[ \t\n]")
_LONE_BACKSLASH = re.compile(r"(?:\A|[\s;&|()<>])\\[ \t]")
"""The grammar takes a backslash and a space for space, the shell for a word."""
_BEFORE_COMMENTS = frozenset({b" ", b"\t", b"\n", b";", b"&", b"|", b"(", b")"})
_OPERATORS_IN_TESTS = frozenset({"&&", "||", "<", ">", "(", ")", ";"})


class _AbsentError(Exception):
    """The text cannot be read, or shells read it differently."""


def commands_of(text: str) -> tuple[Command, ...] | None:
    """The commands in shell text; None where it counts as absent."""
    try:
        found = list(_commands(text, 0))
    except (_AbsentError, RecursionError):
        return None
    if len(found) > _MAX_COMMANDS:
        return None
    return tuple(dict.fromkeys(found))


def _commands(text: str, depth: int) -> Iterator[Command]:
    if depth > _MAX_DEPTH or _ODD_CHARACTERS.search(text) or _LONE_BACKSLASH.search(text):
        raise _AbsentError
    source = _without_continuations(text).encode()
    root = tree_sitter.Parser(_LANGUAGE).parse(source).root_node
    if root.has_error:
        raise _AbsentError
    rows = source.decode().split("\n")
    waiting, count = [root], 0
    while waiting:
        node = waiting.pop()
        count += 1
        if count > _MAX_NODES:
            raise _AbsentError
        _refuse_what_shells_read_differently(node, rows, source)
        yield from _commands_at(node, depth)
        waiting.extend(reversed(node.children))


def _without_continuations(text: str) -> str:
    """The text without its backslash-newlines, which the grammar takes for white space and the shell for nothing."""
    if "\\\n" not in text:
        return text
    if "<<" in text:
        raise _AbsentError
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
                raise _AbsentError
            quote = char
        kept.append(char)
        index += 1
    return "".join(kept)


def _refuse_what_shells_read_differently(node: Node, rows: list[str], source: bytes) -> None:
    if node.is_named and node.type not in _KNOWN:
        raise _AbsentError
    match node.type:
        case "compound_statement" if node.children and node.children[0].type == "((":
            raise _AbsentError
        case "test_command":
            # `[ a > b ]` writes a file, and to a shell without `[[` its operators and lines are commands.
            if "\n" in text_of(node) or any(child.type in _OPERATORS_IN_TESTS for child in _descendants(node)):
                raise _AbsentError
        case "comment" if node.start_byte and source[node.start_byte - 1 : node.start_byte] not in _BEFORE_COMMENTS:
            raise _AbsentError
        case "word" if _SPACE_IN_WORD.search(text_of(node)):
            raise _AbsentError
        case "{" if source[node.end_byte : node.end_byte + 1] not in (b" ", b"\t", b"\n") and _opens_group(node):
            raise _AbsentError
        case "concatenation" if any(left.end_byte != right.start_byte for left, right in pairwise(node.children)):
            raise _AbsentError
        case "expansion" if _PLAIN_EXPANSION.match(text_of(node)) is None:
            raise _AbsentError
        case "arithmetic_expansion" if _PLAIN_ARITHMETIC.match(text_of(node)) is None or "$(" in text_of(node)[3:]:
            raise _AbsentError
        case "ansi_c_string" if "\\'" in text_of(node):
            raise _AbsentError
        case "command_substitution" if node.children[0].type == "`" and "\\" in text_of(node):
            raise _AbsentError
        case "file_descriptor" if not text_of(node).isdigit():
            raise _AbsentError
        case "heredoc_redirect":
            _refuse_unclear_here_document(node, rows)


def _opens_group(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "compound_statement"


def _descendants(node: Node) -> Iterator[Node]:
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
        raise _AbsentError
    row = start.start_point.row
    if rows[row].count("<<") != 1:
        raise _AbsentError
    name = word[1] or word[2] or word[3]
    has_tabs = node.children[0].type == "<<-"
    for number in range(row + 1, len(rows)):
        line = rows[number].lstrip("\t") if has_tabs else rows[number]
        if line == name:
            if number != end.start_point.row:
                raise _AbsentError
            break
    else:
        raise _AbsentError
    body = "\n".join(rows[row + 1 : end.start_point.row])
    if word[3] and ("`" in body or "$(" in body or "\\" in body):
        raise _AbsentError


def _commands_at(node: Node, depth: int) -> Iterator[Command]:
    match node.type:
        case "command":
            words = _words_of_command(node)
            if words:
                yield from _with_what_it_runs(tuple(words), node, depth)
        case "declaration_command" | "unset_command":
            words = [_word_or_assignment(child) for child in node.children]
            yield from _with_what_it_runs(tuple(words), node, depth)
        case "test_command":
            words = [Word(node.children[0].type), *(_word_or_assignment(child) for child in _test_words(node))]
            yield from _with_what_it_runs(tuple(words), node, depth)
        case "variable_assignment":
            yield from _assignment(node, depth)
        case "file_redirect":
            yield _redirection(node)
        case "redirected_statement" | "function_definition":
            body = node.child_by_field_name("body")
            if _extra_words(node) and (body is not None and body.type != "command"):
                raise _AbsentError
            if body is None and _extra_words(node):
                yield from _with_what_it_runs(tuple(_extra_words(node)), node, depth)


def _test_words(node: Node) -> list[Node]:
    return [child for child in _descendants(node) if child.type in _WORDS or child.type == "test_operator"]


def _words_of_command(node: Node) -> list[Word]:
    words: list[Word] = []
    end = -1
    for child in node.children:
        if child.type in ("variable_assignment", "file_redirect", "herestring_redirect"):
            continue
        if child.type not in _WORDS and child.type not in ("command_name", "==", "=~"):
            raise _AbsentError
        if child.start_byte == end:
            raise _AbsentError  # two pieces of one word, which the grammar takes for two
        end = child.end_byte
        words.append(word_from_node(child))
    if node.parent is not None and node.parent.type == "redirected_statement" and node.parent.child_by_field_name("body") == node:
        words.extend(_extra_words(node.parent))
    return words


def _extra_words(statement: Node) -> list[Word]:
    """Words behind a redirection, which the grammar hangs on the redirection and the shell gives to the command."""
    words: list[Word] = []
    waiting = [child for child in statement.children if child.type in ("file_redirect", "heredoc_redirect", "herestring_redirect")]
    while waiting:
        redirect = waiting.pop(0)
        if redirect.type == "file_redirect":
            words.extend(word_from_node(child) for child in redirect.children_by_field_name("destination")[1:])
        else:
            words.extend(word_from_node(child) for child in redirect.children_by_field_name("argument"))
            waiting.extend(child for child in redirect.children if child.type == "file_redirect")
    return words


def _word_or_assignment(node: Node) -> Word:
    if node.type == "variable_assignment":
        return _assignment_word(node)
    return word_from_node(node) if node.is_named else Word(text_of(node))


def _assignment_word(node: Node) -> Word:
    value = node.child_by_field_name("value")
    source = text_of(node)
    name = source[: len(source) - len(text_of(value))] if value is not None else source
    if value is None:
        return Word(source)
    held = word_from_node(value)
    if held.text is None or name.startswith(("(", "$")):
        return Word(None, name + held.start)
    return Word(name + held.text)


def _assignment(node: Node, depth: int) -> Iterator[Command]:
    word = _assignment_word(node)
    yield Command(Kind.ASSIGNMENT, (word,))
    name, _, value = (word.text or "").partition("=")
    if word.text is not None and value and wrappers.is_run_variable(name.rstrip("+")):
        yield from _inner_text(value, depth)


def _redirection(node: Node) -> Command:
    operator = next((child.type for child in node.children if not child.is_named), ">")
    targets = node.children_by_field_name("destination")
    shown = {">|": ">", "&>": ">", "&>>": ">>", ">&-": ">&", "<&-": "<&"}.get(operator, operator)
    target = word_from_node(targets[0]) if targets else Word("-")
    if operator == ">&" and not (target.text or "").rstrip("-").isdigit() and target.text != "-":
        shown = ">"
    return Command(Kind.REDIRECTION, (Word(shown), target))


def _with_what_it_runs(words: tuple[Word, ...], node: Node, depth: int) -> Iterator[Command]:
    """A command, and every command that it starts."""
    yield Command(Kind.COMMAND, words)
    for inner in wrappers.started_by(words):
        match inner:
            case wrappers.Starts.UNSEEN:
                yield UNSEEN
            case wrappers.Starts.STDIN:
                yield from _standard_input(node, depth)
            case str():
                yield from _inner_text(inner, depth)
            case tuple():
                if depth >= _MAX_DEPTH:
                    raise _AbsentError
                yield from _with_what_it_runs(inner, node, depth + 1)


def _inner_text(text: str, depth: int) -> Iterator[Command]:
    found = list(_commands(text, depth + 1))
    yield from found


def _standard_input(node: Node, depth: int) -> Iterator[Command]:
    """What a shell that reads its input runs: a here-document or here-string that is written out, else unseen."""
    strings = [child for child in node.children if child.type == "herestring_redirect"]
    parent = node.parent
    documents = []
    if parent is not None and parent.type == "redirected_statement":
        strings += [child for child in parent.children if child.type == "herestring_redirect"]
        documents = [child for child in parent.children if child.type == "heredoc_redirect"]
        if any(child.type == "file_redirect" and "<" in text_of(child) for child in parent.children):
            documents = strings = []
    if len(strings) + len(documents) != 1:
        yield UNSEEN
        return
    if strings:
        word = word_from_node(strings[0].named_children[-1]) if strings[0].named_children else UNKNOWN
        yield from _inner_text(word.text, depth) if word.text is not None else (UNSEEN,)
        return
    start = next(child for child in documents[0].children if child.type == "heredoc_start")
    body = next((child for child in documents[0].children if child.type == "heredoc_body"), None)
    text = text_of(body) if body is not None else ""
    if text_of(start)[:1] not in "'\"" and "$" in text:
        yield UNSEEN
        return
    if documents[0].children[0].type == "<<-":
        text = "\n".join(line.lstrip("\t") for line in text.split("\n"))
    yield from _inner_text(text, depth)
