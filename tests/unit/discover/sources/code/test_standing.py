"""Words that a reader gathered, found again on the lines of their file."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from remit.contracts.source import Scope
from remit.discover.sources.code.source import CodeSource
from remit.discover.sources.code.standing import Standing
from remit.model.evidence import AgentSeen

_TEXT = "You keep notes. Read shop.orders and\nwrite to crm.notes. Never delete a note."


def _line(lines: tuple[tuple[int, int], ...], text: str, word: str) -> int:
    at = text.index(word)
    return [line for offset, line in lines if offset <= at][-1]


@pytest.mark.parametrize(
    ("file", "orders", "notes", "never"),
    [
        ('# head\nP = """\\\n' + _TEXT + '\n"""\nagent = Agent(P)\n', 3, 4, 4),
        (
            'P = (\n    "You keep notes. "\n    "Read shop.orders and\\n"\n    "write to crm.notes. "\n    "Never delete a note."\n)\n',
            3,
            4,
            5,
        ),
        ("goal: >\n  You keep\n  notes. Read shop.orders\n  and write to crm.notes.\n\nNever delete a note.\n", 3, 4, 6),
        ('{"a": 1,\n "prompt": "You keep notes. Read shop.orders and\\nwrite to crm.notes. Never delete a note."}', 2, 2, 2),
        ('cells: [\n"You keep notes. Read shop.orders and\\n",\n "write to crm.notes. Never delete a note."]', 2, 3, 3),
    ],
)
def test_each_sentence_is_found_on_its_line_however_it_is_written(file: str, orders: int, notes: int, never: int):
    lines = Standing(file).lines_of(_TEXT, 1)
    assert [_line(lines, _TEXT, word) for word in ("shop.orders", "crm.notes", "Never")] == [orders, notes, never]


def test_of_two_texts_that_are_alike_the_one_behind_the_construct_is_meant():
    file = f'A = """{_TEXT}"""\n\nB = """{_TEXT}"""\n'
    assert Standing(file).lines_of(_TEXT, 4)[0][1] == 4
    assert Standing(file).lines_of(_TEXT, 1)[0][1] == 1


def test_words_that_stand_nowhere_have_no_line():
    assert Standing("import os\n").lines_of(_TEXT, 1) == ()
    assert Standing("").lines_of(_TEXT, 1) == ()
    assert Standing("a = 1\n").line_of("gpt-4o", 1, 1) is None


def test_a_name_is_found_within_its_construct_first_and_else_above_it():
    file = "m = 'nova-pro'\na = Agent(\n  model='nova-pro')\nb = Agent(model=m)\n"
    standing = Standing(file)
    assert (standing.line_of("nova-pro", 2, 3), standing.line_of("nova-pro", 4, 4)) == (3, 3)
    assert Standing("m = 'nova-pro'\n\nb = Agent(model=m)\n").line_of("nova-pro", 3, 3) == 1


def test_a_name_is_a_word_of_its_own_before_it_is_a_part_of_one():
    assert Standing("---\ndescription: Writes notes\ntools: Read, Write\n---\n").line_of("Write", 1, 4) == 3
    assert Standing("tools: mcp__search_orders\n").line_of("search_orders", 1, 1) == 1


def test_an_imported_prompt_is_found_in_the_module_that_holds_it(tmp_path: Path):
    (tmp_path / "prompts.py").write_text(f'X = 1\nP = """\n{_TEXT}"""\n', "utf-8")
    (tmp_path / "main.py").write_text(
        "from agents import Agent\nfrom prompts import P\n\nagent = Agent(\n    name='notes',\n"
        "    instructions=P,\n    model='gpt-4o',\n)\n",
        "utf-8",
    )
    (tmp_path / "prompts.ts").write_text(f"export const P = `\n{_TEXT}`;\n", "utf-8")
    (tmp_path / "main.ts").write_text(
        "import { Agent } from '@openai/agents';\nimport { P } from './prompts';\n"
        "export const a = new Agent({ name: 'notes', instructions: P });\n",
        "utf-8",
    )
    seen = {agent.place.path: agent for agent in CodeSource().look(Scope(root=PurePath(tmp_path))) if isinstance(agent, AgentSeen)}
    assert [(path, line) for _, path, line in seen["main.py"].purpose_lines] == [("prompts.py", 3), ("prompts.py", 4)]
    assert [(path, line) for _, path, line in seen["main.ts"].purpose_lines] == [("prompts.ts", 2), ("prompts.ts", 3)]
    assert seen["main.py"].named_at == (("gpt-4o", "main.py", 7),)
    assert seen["main.py"].purpose_place is not None
    assert seen["main.py"].purpose_place.path == "main.py"
