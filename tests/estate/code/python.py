"""Agents in Python frameworks: the files of each, the way its documentation shows them."""

# ruff: noqa: E501 - records and templates read better in one line
from __future__ import annotations

import json
from collections.abc import Callable

from tests.estate.code import tools
from tests.estate.names import Draw, camel, snake
from tests.estate.truth import Agent

Files = dict[str, str]


def write(draw: Draw, agent: Agent, region: str) -> Files:
    """Files of an agent, by path inside its folder."""
    files = _FORMS[agent.form](draw, agent, region)
    setting = f'"{agent.names.get("database_env", "DATABASE_URL")}"'
    return {path: text.replace("DATABASE_SETTING", setting) for path, text in files.items()}


def _names(agent: Agent) -> str:
    return ", ".join(doing.tool for doing in tools.tools_of(agent))


def _block(text: str) -> str:
    return '"""\\\n' + text.rstrip() + '\n"""'


def _openai(draw: Draw, agent: Agent, region: str) -> Files:
    body = f'''"""Entry point of {agent.title}."""

import asyncio
import sys

from agents import Agent, Runner

from prompts import INSTRUCTIONS
from tools import {_names(agent)}

{snake(agent.title)} = Agent(
    name="{agent.title}",
    instructions=INSTRUCTIONS,
    model="{agent.model}",
    tools=[{_names(agent)}],
)


async def main() -> None:
    result = await Runner.run({snake(agent.title)}, " ".join(sys.argv[1:]))
    print(result.final_output)


if __name__ == "__main__":
    asyncio.run(main())
'''
    return {
        "main.py": body,
        "prompts.py": f"INSTRUCTIONS = {_block(agent.prompt)}\n",
        "tools.py": tools.module(draw, agent, region, "from agents import function_tool", "@function_tool"),
    }


def _langgraph(draw: Draw, agent: Agent, region: str) -> Files:
    provider, name = ("langchain_openai", "ChatOpenAI") if agent.model.startswith("gpt") else ("langchain_anthropic", "ChatAnthropic")
    body = f'''"""Graph of {agent.title}."""

from {provider} import {name}
from langchain_core.messages import SystemMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from .tools import {_names(agent)}

TOOLS = [{_names(agent)}]
SYSTEM = {_block(agent.prompt)}
llm = {name}(model="{agent.model}", temperature=0).bind_tools(TOOLS)


def assistant(state: MessagesState) -> dict:
    return {{"messages": [llm.invoke([SystemMessage(content=SYSTEM), *state["messages"]])]}}


builder = StateGraph(MessagesState)
builder.add_node("assistant", assistant)
builder.add_node("tools", ToolNode(TOOLS))
builder.add_edge(START, "assistant")
builder.add_conditional_edges("assistant", tools_condition)
builder.add_edge("tools", "assistant")
graph = builder.compile(name="{agent.slug}")
'''
    return {
        "src/__init__.py": "", "src/graph.py": body,
        "src/tools.py": tools.module(draw, agent, region, "from langchain_core.tools import tool", "@tool"),
        "langgraph.json": json.dumps({"dependencies": ["."], "graphs": {snake(agent.title): "./src/graph.py:graph"}, "env": ".env"}, indent=2),
    }  # fmt: skip


def _crewai(draw: Draw, agent: Agent, region: str) -> Files:
    key, words = snake(agent.title), agent.prompt.strip().splitlines()
    backstory = "\n".join(f"    {line.strip()}" for line in words)
    agents = (
        f"{key}:\n  role: >\n    {agent.title.title()}\n  goal: >\n    {agent.says}\n  backstory: >\n{backstory}\n  llm: {agent.model}\n"
    )
    tasks = (
        f"{key}_task:\n  description: >\n    {agent.says}\n  expected_output: >\n    A short account of what was done.\n  agent: {key}\n"
    )
    crew = f'''"""Crew of {agent.title}."""

from crewai import Agent, Crew, Process, Task
from crewai.project import CrewBase, agent, crew, task

from .tools import {_names(agent)}


@CrewBase
class {camel(agent.title)}Crew:
    """{agent.says}"""

    agents_config = "config/agents.yaml"
    tasks_config = "config/tasks.yaml"

    @agent
    def {key}(self) -> Agent:
        return Agent(config=self.agents_config["{key}"], tools=[{_names(agent)}], verbose=True)

    @task
    def {key}_task(self) -> Task:
        return Task(config=self.tasks_config["{key}_task"])

    @crew
    def crew(self) -> Crew:
        return Crew(agents=self.agents, tasks=self.tasks, process=Process.sequential)
'''
    package = f"src/{key}"
    return {
        f"{package}/__init__.py": "", f"{package}/crew.py": crew, f"{package}/config/agents.yaml": agents, f"{package}/config/tasks.yaml": tasks,
        f"{package}/tools.py": tools.module(draw, agent, region, "from crewai.tools import tool", '@tool("$name")'),
    }  # fmt: skip


def _pydantic(draw: Draw, agent: Agent, region: str) -> Files:
    body = f'''"""{agent.title}."""

from pydantic import BaseModel
from pydantic_ai import Agent

from tools import {_names(agent)}


class Outcome(BaseModel):
    """What the agent answers."""

    summary: str
    needs_a_person: bool = False


agent = Agent(
    "{agent.model}",
    name="{agent.slug}",
    output_type=Outcome,
    system_prompt={_block(agent.prompt)},
    tools=[{_names(agent)}],
)

if __name__ == "__main__":
    print(agent.run_sync("Go through what is new.").output)
'''
    return {"agent.py": body, "tools.py": tools.module(draw, agent, region, "", "")}


def _hand_rolled(draw: Draw, agent: Agent, region: str) -> Files:
    schemas = ",\n".join(
        f'    {{"name": "{doing.tool}", "description": "{doing.says}", "input_schema": {{"type": "object", "properties": {{}}}}}}'
        for doing in tools.tools_of(agent)
    )
    table = ", ".join(f'"{doing.tool}": tools.{doing.tool}' for doing in tools.tools_of(agent))
    body = f'''"""{agent.title}: a plain loop, no framework."""

import json
import pathlib

import anthropic

import tools

MODEL = "{agent.model}"
SYSTEM = pathlib.Path(__file__).with_name("prompt.md").read_text()
TOOLS = [
{schemas},
]
CALLS = {{{table}}}
client = anthropic.Anthropic()


def run(task: str) -> str:
    messages = [{{"role": "user", "content": task}}]
    while True:
        answer = client.messages.create(model=MODEL, max_tokens=2048, system=SYSTEM, tools=TOOLS, messages=messages)
        messages.append({{"role": "assistant", "content": answer.content}})
        if answer.stop_reason != "tool_use":
            return "".join(block.text for block in answer.content if block.type == "text")
        results = []
        for block in answer.content:
            if block.type == "tool_use":
                found = CALLS[block.name](**block.input)
                results.append({{"type": "tool_result", "tool_use_id": block.id, "content": json.dumps(found, default=str)}})
        messages.append({{"role": "user", "content": results}})


if __name__ == "__main__":
    print(run("Start."))
'''
    return {"agent.py": body, "prompt.md": agent.prompt, "tools.py": tools.module(draw, agent, region, "", "")}


def _autogen(draw: Draw, agent: Agent, region: str) -> Files:
    body = f'''"""{agent.title}."""

import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.ui import Console
from autogen_ext.models.openai import OpenAIChatCompletionClient

from tools import {_names(agent)}

model_client = OpenAIChatCompletionClient(model="{agent.model}")
assistant = AssistantAgent(
    name="{snake(agent.title)}",
    model_client=model_client,
    description="{agent.says}",
    system_message={_block(agent.prompt)},
    tools=[{_names(agent)}],
    reflect_on_tool_use=True,
)


async def main() -> None:
    await Console(assistant.run_stream(task="Begin."))


asyncio.run(main())
'''
    return {"app.py": body, "tools.py": tools.module(draw, agent, region, "", "")}


def _smolagents(draw: Draw, agent: Agent, region: str) -> Files:
    body = f'''"""{agent.title}."""

from smolagents import InferenceClientModel, ToolCallingAgent

from tools import {_names(agent)}

model = InferenceClientModel(model_id="{agent.model}")
agent = ToolCallingAgent(
    name="{snake(agent.title)}",
    description="{agent.says}",
    instructions={_block(agent.prompt)},
    model=model,
    tools=[{_names(agent)}],
    max_steps=12,
)

if __name__ == "__main__":
    agent.run("Do the work of today.")
'''
    return {"run.py": body, "tools.py": tools.module(draw, agent, region, "from smolagents import tool", "@tool# google-style")}


def _strands(draw: Draw, agent: Agent, region: str) -> Files:
    body = f'''"""{agent.title}."""

from strands import Agent
from strands.models import BedrockModel

from tools import {_names(agent)}

SYSTEM_PROMPT = {_block(agent.prompt)}
model = BedrockModel(model_id="{agent.model}", region_name="{region}")
agent = Agent(name="{agent.title}", model=model, system_prompt=SYSTEM_PROMPT, tools=[{_names(agent)}])


def handler(event: dict, context: object) -> str:
    return str(agent(event["task"]))
'''
    return {"agent.py": body, "tools.py": tools.module(draw, agent, region, "from strands import tool", "@tool")}


def _agno(draw: Draw, agent: Agent, region: str) -> Files:
    body = f'''"""{agent.title}."""

from agno.agent import Agent
from agno.models.openai import OpenAIChat

from tools import {_names(agent)}

agent = Agent(
    name="{agent.title}",
    model=OpenAIChat(id="{agent.model}"),
    description="{agent.says}",
    instructions={_block(agent.prompt)},
    tools=[{_names(agent)}],
    markdown=True,
)

if __name__ == "__main__":
    agent.print_response("What is new?", stream=True)
'''
    return {"agent.py": body, "tools.py": tools.module(draw, agent, region, "", "")}


def _notebook(draw: Draw, agent: Agent, region: str) -> Files:
    tool_text = tools.module(draw, agent, region, "from langchain_core.tools import tool", "@tool")
    build = (
        "from langchain.agents import create_agent\n\n"
        f"SYSTEM = {_block(agent.prompt)}\n"
        f'agent = create_agent("{agent.model}", tools=[{_names(agent)}], system_prompt=SYSTEM, name="{snake(agent.title)}")'
    )
    setting = f'"{agent.names.get("database_env", "DATABASE_URL")}"'
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": [f"# {agent.title}\n", agent.says]},
        *(
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": text.replace("DATABASE_SETTING", setting).splitlines(True),
            }
            for text in (tool_text, build, 'agent.invoke({"messages": [{"role": "user", "content": "Start."}]})')
        ),
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {f"{snake(agent.title)}.ipynb": json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}, indent=1)}


_FORMS: dict[str, Callable[[Draw, Agent, str], Files]] = {
    "openai-agents": _openai, "langgraph": _langgraph, "crewai": _crewai, "pydantic-ai": _pydantic, "hand-rolled": _hand_rolled,
    "autogen": _autogen, "smolagents": _smolagents, "strands": _strands, "agno": _agno, "notebook": _notebook,
}  # fmt: skip
