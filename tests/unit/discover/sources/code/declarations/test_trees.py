"""Trees keep the text and the line of every value, and survive whatever a file holds."""

from __future__ import annotations

import pytest

from remit.discover.sources.code.declarations.trees.front_matter import front_matter
from remit.discover.sources.code.declarations.trees.hcl import parse_hcl
from remit.discover.sources.code.declarations.trees.json import parse_json
from remit.discover.sources.code.declarations.trees.node import Node
from remit.discover.sources.code.declarations.trees.toml import parse_toml
from remit.discover.sources.code.declarations.trees.yaml import parse_yaml


def only(text: str) -> Node:
    tree = parse_yaml(text)
    assert tree.is_whole, tree.troubles
    assert len(tree.documents) == 1
    return tree.documents[0]


def test_yaml_keeps_what_is_written_where_yaml_1_1_would_change_it() -> None:
    root = only("on: push\nversion: 1.10\nday: 2026-01-02\nanswer: no\nempty:\nquoted: 'null'\n")
    assert root.keys() == ("on", "version", "day", "answer", "empty", "quoted")
    assert [root.string(key) for key in ("on", "version", "day", "answer", "empty", "quoted")] == [
        "push",
        "1.10",
        "2026-01-02",
        "no",
        None,
        "null",
    ]


def test_yaml_values_know_their_lines() -> None:
    root = only("a: 1\nb:\n  - x\n  - y: |\n      text\n      more\nc: 2\n")
    second = root.get("b")
    assert second is not None
    assert [(item.line, item.end) for item in second.items] == [(3, 3), (4, 6)]
    pair = root.entry("c")
    assert pair is not None
    assert pair[0].line == 7


def test_a_yaml_alias_is_the_same_node_and_a_merge_gives_way_to_own_keys() -> None:
    root = only("base: &b {model: m1, tools: [a]}\none:\n  <<: *b\n  model: m2\ntwo: *b\n")
    assert root.get("two") is root.get("base")
    assert root.string("one", "model") == "m2"
    tools = root.get("one", "tools")
    assert tools is not None
    assert tools.strings() == ("a",)


def test_a_yaml_bomb_costs_what_its_text_costs() -> None:
    levels = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 60))
    root = only("a0: &a0 boom\n" + levels)
    assert sum(1 for _ in root.walk()) < 200


def test_merge_keys_that_multiply_are_walked_once() -> None:
    levels = "".join(f"m{level}: &m{level}\n  <<: [{', '.join([f'*m{level - 1}'] * 8)}]\n" for level in range(1, 40))
    root = only("m0: &m0 {x: 1}\n" + levels)
    last = root.get("m39")
    assert last is not None
    assert last.string("x") == "1"


def test_yaml_documents_stand_apart() -> None:
    tree = parse_yaml("kind: A\n---\nkind: B\n---\n")
    assert [document.string("kind") for document in tree.documents if document.is_map] == ["A", "B"]
    assert tree.documents[1].line == 3


def test_broken_yaml_names_the_line_and_keeps_the_documents_before() -> None:
    tree = parse_yaml("kind: A\n---\nkind: [B\nx: }\n")
    assert not tree.is_whole
    assert tree.troubles[0].line >= 3
    assert tree.documents[0].string("kind") == "A"


@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 5000, "- " * 5000, "a:\n" + "".join(f"{' ' * n}b:\n" for n in range(1, 3000))])
def test_deep_yaml_is_a_trouble_and_no_crash(text: str) -> None:
    tree = parse_yaml(text)
    assert not tree.is_whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: {{ .Values.name }}\nkind: Agent\n", (None, "Agent")),
        ('{{- if .Values.on }}\nname: "a-{{ .Release.Name }}"\nkind: Agent\n{{- end }}\n', (None, "Agent")),
        ("name: fixed\n{{- toYaml .Values.extra | nindent 0 }}\nkind: Agent\n", ("fixed", "Agent")),
        ("{% if x %}\nname: fixed\n{% endif %}\nkind: Agent # {{ c }}\n", ("fixed", "Agent")),
    ],
)
def test_templated_yaml_is_read_as_far_as_it_is_plain(text: str, expected: tuple[str | None, str]) -> None:
    root = parse_yaml(text, is_template=True).documents[0]
    assert (root.string("name"), root.string("kind")) == expected
    assert root.entry("kind")[0].line == 1 + text[: text.index("kind:")].count("\n")  # type: ignore[index]


def test_json_takes_comments_trailing_commas_and_single_quotes() -> None:
    tree = parse_json('// head\n{ /* x */ \'a\': 1,\n  b: [true, null,],\n  "c": "d\\n\\u00e9",\n}\n')
    root = tree.documents[0]
    assert tree.is_whole
    assert root.string("c") == "d\né"
    assert root.get("b").line == 3  # type: ignore[union-attr]
    assert root.string("a") == "1"


@pytest.mark.parametrize(
    "text",
    [
        '{"bad": {"x": }, "good": {"y": "z"}}',
        '{"bad" "x", "good": {"y": "z"}}',
        '{"bad": nonsense here, "good": {"y": "z"}}',
        '{"bad": "open\n, "good": {"y": "z"}}',
        '{"good": {"y": "z"}',
        '{"good": {"y": "z"}}}}',
    ],
)
def test_what_is_broken_in_json_costs_its_own_entry_only(text: str) -> None:
    tree = parse_json(text)
    assert tree.troubles
    assert tree.documents[0].string("good", "y") == "z"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 300 + "]" * 90_000, '"' * 9_999, "{,,,:::]]]"])
def test_absurd_json_never_raises(text: str) -> None:
    assert parse_json(text).troubles


def test_a_lone_surrogate_in_json_can_be_written_out_again() -> None:
    value = parse_json('{"a": "x\\ud800y"}').documents[0].string("a")
    assert value is not None
    assert value.encode("utf-8")


def test_toml_values_know_their_lines() -> None:
    root = parse_toml('x = 1\n\n[servers."a b"]\ncommand = "run"\nargs = [\n  "y",\n]\n\n[[list]]\nn = 1\n[[list]]\nn = 2\n').documents[0]
    server = root.get("servers", "a b")
    assert server is not None
    assert server.line == 3
    assert server.string("command") == "run"
    assert [item.line for item in root.get("list").items] == [9, 11]  # type: ignore[union-attr]


def test_a_broken_section_of_toml_costs_no_other() -> None:
    tree = parse_toml('[a]\nx = "1"\n\n[b]\nx = = 2\n\n[c]\nx = "3"\n')
    assert not tree.is_whole
    assert tree.troubles[0].line == 5
    assert (tree.documents[0].string("a", "x"), tree.documents[0].string("c", "x")) == ("1", "3")
    assert tree.documents[0].get("c").line == 7  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\nname: n\n---\nbody\n", 1),
        ("\n\n---\nname: n\n---\nbody", 3),
        ("```chatagent\n---\nname: n\n---\nbody\n```\n", 2),
        ("<!-- c -->\n---\nname: n\n---\r\nbody\n", 2),
        ("+++\nname = 'n'\n+++\nbody\n", 1),
    ],
)
def test_front_matter_is_found_wherever_it_may_stand(text: str, line: int) -> None:
    matter = front_matter(text)
    assert matter is not None
    assert (matter.root.string("name"), matter.line, matter.body) == ("n", line, "body")


@pytest.mark.parametrize("text", ["# no fence\n---\nname: n\n---\n", "---\nname: n\n", "---\n- a\n---\n", "---\n---\n", ""])
def test_what_is_no_front_matter_is_none(text: str) -> None:
    assert front_matter(text) is None


def test_front_matter_that_is_no_yaml_is_read_line_by_line() -> None:
    matter = front_matter('---\nname: n\ndescription: Use it: when <example>x: y</example> "so\ntools: Read, Write\n---\nbody\n')
    assert matter is not None
    assert matter.root.string("description") == 'Use it: when <example>x: y</example> "so'
    assert matter.root.entry("tools")[0].line == 4  # type: ignore[index]
    assert matter.troubles


def test_hcl_tells_values_from_expressions() -> None:
    block = parse_hcl(
        b'resource "t" "l" {\n'
        b'  a = "x"\n'
        b"  b = var.y\n"
        b'  c = "x-${var.y}"\n'
        b"  d = <<-EOT\n"
        b"    one\n"
        b"    two\n"
        b"  EOT\n"
        b'  e = { k = "v" }\n'
        b"  in {\n"
        b"    f = 1\n"
        b"  }\n"
        b"}\n"
    ).blocks[0]
    assert (block.labels, block.line, block.end) == (("t", "l"), 1, 13)
    assert [block.find(name).value for name in "abcd"] == ["x", None, None, "one\ntwo\n"]  # type: ignore[union-attr]
    assert block.find("e.k").value == "v"  # type: ignore[union-attr]
    assert block.find("in.f").value == "1"  # type: ignore[union-attr]


def test_broken_hcl_is_a_trouble_and_the_rest_is_read() -> None:
    blocks = parse_hcl(b'resource "t" "a" {\n  x = = 1\n}\n\nresource "t" "b" {\n  x = "y"\n}\n')
    assert blocks.troubles
    assert any(block.labels == ("t", "b") and block.find("x").value == "y" for block in blocks.blocks)  # type: ignore[union-attr]


def test_deep_hcl_never_raises() -> None:
    parse_hcl(b"a = " + b"[" * 20_000)
    parse_hcl(b"b {\n" * 5_000)
