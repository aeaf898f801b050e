"""Loops without a framework whose parts stand in several files, and values that double themselves."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.discover.sources.code.python.scanning import agents_in

from remit.discover.sources.code.python.names import Names

_MODEL = """
from openai import OpenAI

class Model:
    def __init__(self):
        self.client = OpenAI()

    def chat(self, messages, tools=None):
        return self._send(messages=messages, tools=tools)

    def _send(self, **request):
        return self.client.chat.completions.create(model="gpt-4o", **request)

def complete(prompt):
    return OpenAI().responses.create(model="gpt-4.1", input=prompt)
"""
_LOOP = """
from model import Model

class Agent:
    def __init__(self, model: Model):
        self.model = model

    def run(self, messages):
        while True:
            answer = self.model.chat(messages, tools=[{"type": "function", "function": {"name": "book"}}])
            if not answer.tool_calls:
                return answer
            for call in answer.tool_calls:
                messages.append({"role": "tool", "tool_call_id": call.id, "content": book(call)})
"""
_CHAIN = """
from model import complete

def tool_calls(rows):
    for row in rows:
        print(row["tool_calls"], complete(row["prompt"]))
"""


def test_a_loop_over_a_model_class_of_another_module_is_an_agent_where_it_loops() -> None:
    found = agents_in({"model.py": _MODEL, "main.py": _LOOP})
    assert [(item.place.line, item.framework, item.model, item.tools) for item in found] == [(10, "no-sdk", "gpt-4o", ("book",))]


def test_the_module_that_only_wraps_the_model_is_no_agent() -> None:
    assert agents_in({"model.py": _MODEL, "main.py": _LOOP}, "model.py") == []


def test_a_loop_over_rows_that_completes_each_is_no_agent() -> None:
    assert agents_in({"model.py": _MODEL, "main.py": _CHAIN}) == []


def _chain(first: str, step: str) -> str:
    return f"a0 = {first}\n" + "".join(f"a{i} = {step.replace('$', f'a{i - 1}')}\n" for i in range(1, 60))


@pytest.mark.parametrize(
    ("code", "last"),
    [
        ("a = 'x'\n" + "a = a + a\n" * 60, "a"),
        (_chain("'x'", "$ + $"), "a59"),
        (_chain("'x'", "f'{$}{$}'"), "a59"),
        (_chain("'x'", "$ % $"), "a59"),
        (_chain("'x'", "','.join([$, $])"), "a59"),
        (_chain("['x']", "$ + $"), "a59"),
        (_chain("['x']", "[*$, *$]"), "a59"),
        (_chain("{'x': 1}", "{**$, **$}"), "a59"),
    ],
)
def test_values_that_double_themselves_are_given_up_soon(code: str, last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    follow, steps = Names.follow, [0]

    def counted(names: Names, *given: Any) -> Any:
        steps[0] += 1
        return follow(names, *given)

    monkeypatch.setattr(Names, "follow", counted)
    made = "".join(f"Agent(name={last}, instructions={last}, tools={last}, **{last})\n" for _ in range(20))
    found = agents_in(f"from agents import Agent\n{code}{made}Agent(name='after')\n")
    assert [item.name for item in found] == [*[None] * 20, "after"]
    assert steps[0] < 300_000


def test_a_text_that_sums_up_to_more_than_any_instruction_is_not_kept() -> None:
    long = "x" * 60_000
    found = agents_in(f"from agents import Agent\nhalf = '{long}'\nAgent(name='a', instructions=half + half)\n")
    assert [(item.name, item.purpose) for item in found] == [("a", None)]
