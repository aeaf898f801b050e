"""Turns the text of a TypeScript or JavaScript file into a tree, and literal nodes into values.

Invariants:
- one query over the tree, in C, finds everything that is looked at; nothing walks a tree recursively without a bound;
- the grammar follows the file's ending, never its content.
"""

from __future__ import annotations

import re
from functools import lru_cache

import tree_sitter
import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Node

ENDINGS = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
FUNCTIONS = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "arrow_function",
        "function_expression",
        "generator_function",
        "method_definition",
    }
)
CLASSES = frozenset({"class_declaration", "class", "abstract_class_declaration"})
LOOPS = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})
BLOCKS = frozenset({"statement_block", "catch_clause", "switch_body"})
CALLS = frozenset({"call_expression", "new_expression"})
DECLARATIONS = frozenset({"lexical_declaration", "variable_declaration"})
ASSIGNMENTS = frozenset({"assignment_expression", "augmented_assignment_expression"})
FIELDS = frozenset({"public_field_definition", "field_definition"})
_CAPTURED = (
    FUNCTIONS
    | CLASSES
    | LOOPS
    | BLOCKS
    | CALLS
    | DECLARATIONS
    | ASSIGNMENTS
    | FIELDS
    | {"import_statement", "export_statement", "enum_declaration"}
)
WRAPPERS = frozenset({"as_expression", "satisfies_expression", "non_null_expression", "parenthesized_expression", "await_expression"})
"""Syntax that changes a value's type or timing, not the value."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|[\s\S])")


@lru_cache(maxsize=3)
def _grammar(kind: str) -> tuple[tree_sitter.Parser, tree_sitter.Query]:
    pointer = {
        "typescript": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
        "javascript": tree_sitter_javascript.language,
    }[kind]
    language = tree_sitter.Language(pointer())
    known = sorted(name for name in _CAPTURED if language.id_for_node_kind(name, True) is not None)
    functions = "[(arrow_function) (function_expression)]"
    query = tree_sitter.Query(language, f"[{''.join(f'({name})' for name in known)}] @seen (pair value: {functions}) @pair")
    return tree_sitter.Parser(language), query


def grammar_of(path: str) -> str:
    """Which grammar reads a file of this name."""
    if path.endswith((".ts", ".mts", ".cts")):
        return "typescript"
    return "tsx" if path.endswith(".tsx") else "javascript"


def language_of(path: str) -> str:
    """The language as evidence names it."""
    return "javascript" if grammar_of(path) == "javascript" else "typescript"


def parse(path: str, data: bytes) -> tuple[Node, list[Node], list[Node]]:
    """The root, the nodes that matter in the order of the text, outer before inner, and the keys that hold functions."""
    parser, query = _grammar(grammar_of(path))
    tree = parser.parse(data)
    found = tree_sitter.QueryCursor(query).captures(tree.root_node)
    seen = found.get("seen", [])
    seen.sort(key=_position)
    return tree.root_node, seen, found.get("pair", [])


@lru_cache(maxsize=3)
def _errors(kind: str) -> tree_sitter.Query:
    language = _grammar(kind)[0].language
    assert language is not None
    return tree_sitter.Query(language, "[(ERROR) (MISSING)] @error")


def first_error(path: str, root: Node) -> int | None:
    """The first line of what was not understood; None when it is only what the grammar lacks (a bare `&` in JSX text)."""
    if not root.has_error:
        return None
    found = tree_sitter.QueryCursor(_errors(grammar_of(path))).captures(root).get("error", [])
    is_markup = path.endswith("x")
    lines = [line_of(node) for node in found if not (is_markup and (node.text or b"").startswith(b"&"))]
    return min(lines) if lines else None if found else 1


def _position(node: Node) -> tuple[int, int]:
    return node.start_byte, -node.end_byte


def text_of(node: Node) -> str:
    """The node's own text."""
    return (node.text or b"").decode("utf-8", "replace")


def unwrapped(node: Node) -> Node:
    """The expression inside casts, parentheses and `await`."""
    while node.type in WRAPPERS or node.type == "type_assertion":
        inner = node.named_children
        candidates = [child for child in inner if child.type != "comment"]
        if not candidates:
            return node
        node = candidates[-1] if node.type == "type_assertion" else candidates[0]
        if node.type == "sequence_expression" and node.named_children:
            # `(0, ai_1.generateText)(...)`, as compilers write it.
            node = node.named_children[-1]
    return node


def string_value(node: Node) -> str | None:
    """What a string literal or a template without `${}` says; None for everything else."""
    if node.type == "string":
        return _unescaped(text_of(node)[1:-1])
    if node.type == "template_string" and all(child.type != "template_substitution" for child in node.named_children):
        return _unescaped(text_of(node)[1:-1])
    return None


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_one_escape, text) if "\\" in text else text


def _one_escape(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "ux" and len(code) > 1:
        number = int(code[1:].strip("{}"), 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "�"
    return _ESCAPES.get(code, code)


def arguments_of(call: Node) -> list[Node]:
    """The arguments of a call or `new`, comments dropped."""
    arguments = call.child_by_field_name("arguments")
    if arguments is None or arguments.type != "arguments":
        return []
    return [child for child in arguments.named_children if child.type != "comment"]


def callee_of(call: Node) -> Node | None:
    """What is called or constructed."""
    return call.child_by_field_name("function" if call.type == "call_expression" else "constructor")


def property_name(node: Node) -> str | None:
    """The key of a pair, method or field, when it is written out."""
    key = node.child_by_field_name("key") or node.child_by_field_name("name") or node.child_by_field_name("property")
    if key is None:
        return None
    if key.type in {"property_identifier", "identifier", "number", "private_property_identifier"}:
        return text_of(key)
    if key.type == "computed_property_name" and key.named_children:
        key = key.named_children[0]
    return string_value(key)


def line_of(node: Node) -> int:
    """1-based first line."""
    return node.start_point[0] + 1


def end_of(node: Node) -> int:
    """1-based last line."""
    return node.end_point[0] + 1


def method_named(node: Node, name: str) -> Node | None:
    """The method of a class that has this name."""
    body = node.child_by_field_name("body")
    for child in body.named_children if body is not None else ():
        if child.type == "method_definition" and property_name(child) == name:
            return child
    return None


def parameter_index(function: Node, name: str) -> int | None:
    """The position of the parameter that binds `name`."""
    parameters = function.child_by_field_name("parameters")
    if parameters is None:
        single = function.child_by_field_name("parameter")
        return 0 if single is not None and text_of(single) == name else None
    listed = [child for child in parameters.named_children if child.type != "comment"]
    for index, child in enumerate(listed):
        pattern = child.child_by_field_name("pattern") or child
        if pattern.type == "assignment_pattern" or child.child_by_field_name("value") is not None:
            continue
        if text_of(pattern) == name:
            return index
        if pattern.type == "object_pattern" and any(_binds(part, name) for part in pattern.named_children):
            return index
    return None


def _binds(part: Node, name: str) -> bool:
    bound = part.child_by_field_name("value") if part.type == "pair_pattern" else part
    return bound is not None and bound.type in {"identifier", "shorthand_property_identifier_pattern"} and text_of(bound) == name


def declared_names(declaration: Node) -> list[str]:
    """The names that an exported declaration binds."""
    name = declaration.child_by_field_name("name")
    if name is not None:
        return [text_of(name)]
    names: list[str] = []
    for declarator in declaration.named_children:
        target = declarator.child_by_field_name("name") if declarator.type == "variable_declarator" else None
        if target is None:
            continue
        if target.type == "identifier":
            names.append(text_of(target))
        elif target.type == "object_pattern":
            for part in target.named_children:
                bound = part.child_by_field_name("value") if part.type == "pair_pattern" else part
                if bound is not None and bound.type in {"identifier", "shorthand_property_identifier_pattern"}:
                    names.append(text_of(bound))
    return names


def base_of(node: Node) -> Node | None:
    """The expression after `extends`."""
    heritage = next((child for child in node.named_children if child.type == "class_heritage"), None)
    if heritage is None:
        return None
    clause = next((child for child in heritage.named_children if child.type == "extends_clause"), None)
    if clause is not None:
        return clause.child_by_field_name("value")
    return next((child for child in heritage.named_children if child.type not in {"implements_clause", "comment"}), None)
