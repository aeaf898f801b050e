"""Files around a construct: notebooks, definition files, modules of the repository, and input that is broken or hostile."""

from __future__ import annotations

import json

import pytest
from tests.unit.discover.sources.code.python.scanning import agents_in, read

from remit.discover.sources.code.python.reader import READER
from remit.model.evidence import AgentSeen, Gap, GapKind, Role


def _notebook(*cells: str | list[str], kind: str = "code") -> str:
    listed = [{"cell_type": kind, "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    return json.dumps({"cells": listed, "nbformat": 4}, indent=1)


def test_a_notebook_keeps_the_lines_of_the_raw_file_and_values_flow_between_cells() -> None:
    text = _notebook(
        ["%pip install agents\n", "from agents import Agent\n", "MODEL = 'gpt-4o'"], ["!ls\n", "a = Agent(name='x', model=MODEL)"]
    )
    (seen,) = agents_in({"n.ipynb": text}, "n.ipynb")
    assert seen.language == "notebook"
    assert seen.model == "gpt-4o"
    assert "Agent(name=" in text.split("\n")[(seen.place.line or 0) - 1]


def test_cells_that_write_python_files_are_read_and_other_languages_are_not() -> None:
    text = _notebook(
        "%%writefile app.py\nfrom agents import Agent\nAgent(name='written')",
        "%%bash\nfrom agents import Agent",
        "%%writefile notes.txt\nAgent(name='text')",
        "%%time\nAgent(name='timed')",
    )
    assert [seen.name for seen in agents_in({"n.ipynb": text}, "n.ipynb")] == ["written", "timed"]


def test_text_cells_and_old_notebooks_are_understood() -> None:
    assert agents_in({"n.ipynb": _notebook("from agents import Agent\nAgent(name='x')", kind="markdown")}, "n.ipynb") == []
    old = json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": ["from agents import Agent\n", "Agent(name='old')"]}]}]})
    assert [seen.name for seen in agents_in({"n.ipynb": old}, "n.ipynb")] == ["old"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 5}', "{" * 20_000, '{"nothing": []}'])
def test_a_notebook_without_cells_is_a_gap_or_empty_never_an_error(text: str) -> None:
    assert all(isinstance(item, Gap) for item in read({"n.ipynb": text}, "n.ipynb"))


_CREW = """
from crewai import Agent, Crew
from crewai.project import CrewBase, agent

@CrewBase
class Team:
    agents_config = "config/people.yaml"

    @agent
    def researcher(self) -> Agent:
        return Agent(config=self.agents_config["researcher"], tools=[])
"""
_PEOPLE = """
researcher:
  role: >
    {topic} Senior
    Researcher
  goal: Find news
  backstory: You know.
  llm: openai/gpt-4o
"""


def test_a_crew_takes_its_values_from_the_definition_file() -> None:
    (seen,) = agents_in({"src/crew.py": _CREW, "src/config/people.yaml": _PEOPLE}, "src/crew.py")
    assert (seen.name, seen.model, seen.purpose) == ("{topic} Senior Researcher", "openai/gpt-4o", "Find news\nYou know.")
    assert seen.key == "crewai:src/config/people.yaml#researcher"
    assert "researcher" in seen.aliases


@pytest.mark.parametrize(
    "people",
    [
        "researcher: &a [*a, *a]\n",
        "a: &a [x, x]\nb: &b [*a, *a]\nresearcher: *b\n",
        "[" * 5_000,
        "researcher:\n  role: !!python/object/apply:os.system [ls]\n",
        "researcher: {role: [a]}\n\x00",
    ],
)
def test_a_hostile_definition_file_leaves_the_agent_without_its_values(people: str) -> None:
    (seen,) = agents_in({"crew.py": _CREW, "config/people.yaml": people}, "crew.py")
    assert seen.name is None
    assert seen.role is Role.AGENT


def test_names_are_followed_through_modules_of_the_repository() -> None:
    files = {
        "app/__init__.py": "",
        "app/base.py": "from agents import Agent as Assistant\nMODEL = 'gpt-4o'\nPROMPT = 'Be nice.'\ndef search(q):\n    ...\n",
        "app/main.py": (
            "from .base import Assistant, MODEL, search\nfrom . import base\n"
            "Assistant(name='x', model=MODEL, tools=[search, base.search], instructions=base.PROMPT)\n"
        ),
    }
    (seen,) = agents_in(files, "app/main.py")
    assert (seen.framework, seen.model, seen.tools, seen.purpose) == ("openai-agents", "gpt-4o", ("search",), "Be nice.")
    assert seen.tool_places == (("search", "app/base.py", 4),)


def test_a_module_of_the_repository_with_a_library_s_name_wins() -> None:
    files = {"agents.py": "class Agent:\n    pass\n", "main.py": "from agents import Agent\nAgent(name='mine')\n"}
    assert agents_in(files, "main.py") == []


def test_a_module_elsewhere_in_the_repository_makes_an_ambiguous_name_its_own() -> None:
    files = {"rl/lib/agents.py": "class Agent:\n    pass\n", "experiments/main.py": "from agents import Agent\nAgent(name='mine')\n"}
    assert agents_in(files, "experiments/main.py") == []
    assert agents_in("from agents.dqn import Agent\nAgent(name='mine')\n") == []


def test_a_folder_with_a_library_s_name_does_not_hide_the_library() -> None:
    files = {
        "agents/main.py": "from agents import Agent\nAgent(name='x')\n",
        "samples/crewai/crew.py": "from crewai import Agent\nAgent(role='r', goal='g', backstory='b')\n",
    }
    assert [seen.name for seen in agents_in(files, "agents/main.py")] == ["x"]
    assert [seen.name for seen in agents_in(files, "samples/crewai/crew.py")] == ["r"]


def test_a_library_s_own_source_keeps_its_public_names() -> None:
    files = {
        "src/smolagents/__init__.py": "from .agents import CodeAgent",
        "src/smolagents/agents.py": "class CodeAgent:\n    def copy(self):\n        return CodeAgent(tools=[])\n",
        "src/smolagents/cli.py": "from .agents import CodeAgent\nCodeAgent(tools=[], model=m)\n",
    }
    assert agents_in(files, "src/smolagents/agents.py") == []
    assert [seen.framework for seen in agents_in(files, "src/smolagents/cli.py")] == ["smolagents"]


def test_broken_text_is_read_as_far_as_possible_and_said_to_be_broken() -> None:
    found = read("from agents import Agent\nAgent(name='before')\ndef broken(:\n    pass\nAgent(name='after')\n")
    assert [item.name for item in found if isinstance(item, AgentSeen)] == ["before", "after"]
    gaps = [item for item in found if isinstance(item, Gap)]
    assert [(gap.kind, gap.place.line, gap.is_file) for gap in gaps] == [(GapKind.PARSE_ERROR, 3, False)]


def test_a_value_that_is_there_and_not_settled_is_a_gap_at_its_line() -> None:
    found = read("import os\nfrom agents import Agent\nAgent(\n    name='x',\n    model=os.getenv('M'),\n    tools=load(),\n)\n")
    gaps = [(item.place.line, item.what) for item in found if isinstance(item, Gap)]
    assert gaps == [(5, "model of the agent: `os.getenv('M')`"), (6, "tools of the agent: `load()`")]


@pytest.mark.parametrize(
    "value",
    [
        "[" * 3_000 + "]" * 3_000,
        "(" * 3_000 + "'a'" + ")" * 3_000,
        "f(" * 3_000 + ")" * 3_000,
        "{'a': " * 3_000 + "1" + "}" * 3_000,
        "a" + "['a']" * 3_000,
        "a." * 3_000 + "b",
        "'a' + " * 3_000 + "'b'",
        "-" * 10_000 + "1",
    ],
    ids=["lists", "parentheses", "calls", "dictionaries", "subscripts", "attributes", "sums", "signs"],
)
def test_deep_nesting_does_not_exhaust_the_stack(value: str) -> None:
    (seen,) = agents_in(f"from agents import Agent\nx = {value}\nAgent(name='n', model=x, tools=x, instructions=x, handoffs=x)\n")
    assert seen.name == "n"


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "f(" * 12_000 + ")" * 12_000,
        "".join(f"{'  ' * level}if a:\n" for level in range(700)) + "  " * 700 + "pass",
        "".join(f"{chr(9) * level}with a:\n" for level in range(700)) + chr(9) * 700 + "pass",
        "x = 1" + "\\\n" * 100_000,
    ],
    ids=["calls", "blocks", "tabs", "continued lines"],
)
def test_nesting_beyond_all_use_is_a_gap(text: str) -> None:
    found = read(f"from agents import Agent\n{text}\nAgent(name='n')\n")
    assert [item.kind for item in found if isinstance(item, Gap)] == [GapKind.DEPTH]


@pytest.mark.parametrize(
    "text",
    [
        "a = b\nb = a\nAgent(name=a, model=b, tools=a)",
        "def f(): return g()\ndef g(): return f()\nAgent(name=f(), tools=f())",
        "class A(A): pass\nAgent(name=A.x)",
        "class B(C): pass\nclass C(B): pass\nAgent(name=B.x)",
        "x = [*x]\ny = {**y}\nAgent(name=x, tools=x, model=y)",
        "x = x.strip()\nAgent(name=x)",
    ],
)
def test_definitions_in_a_circle_settle_nothing(text: str) -> None:
    (seen,) = agents_in(f"from agents import Agent\n{text}\n")
    assert (seen.name, seen.model) == (None, None)


def test_modules_that_import_each_other_in_a_circle_settle_nothing() -> None:
    files = {
        "a.py": "from b import x\n",
        "b.py": "from a import x\n",
        "main.py": "from agents import Agent\nfrom a import x\nAgent(name=x)\n",
    }
    (seen,) = agents_in(files, "main.py")
    assert seen.name is None


@pytest.mark.parametrize(
    ("text", "is_signal"),
    [
        (b"from agents import Agent", True),
        (b"import os, crewai", True),
        (b"client.chat.completions.create(x)", True),
        (b"import numpy as np\n# agents", False),
        (b"class Agent: pass", False),
    ],
)
def test_only_files_that_could_show_an_agent_are_parsed(text: bytes, is_signal: bool) -> None:
    assert READER.signals is not None
    assert bool(READER.signals.search(text)) is is_signal


@pytest.mark.parametrize(("path", "is_wanted"), [("a/b.py", True), ("n.ipynb", True), ("a.pyc", False), ("a.ts", False)])
def test_python_and_notebooks_are_this_reader_s_business(path: str, is_wanted: bool) -> None:
    assert READER.wants(path) is is_wanted
