"""Coding agents that a step starts: which, and its model, tools and prompt, by the inputs of an action or the words of a command."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.page import purpose_from, unique
from remit.discover.sources.code.declarations.trees.node import Node
from remit.discover.sources.code.declarations.words import commands_in, option_values, split_tools, words_of

_WRAPPERS = frozenset(
    [
        "sudo",
        "env",
        "time",
        "nohup",
        "exec",
        "command",
        "xargs",
        "stdbuf",
        "npx",
        "bunx",
        "uvx",
        "pipx",
        "pnpx",
        "if",
        "then",
        "else",
        "elif",
        "do",
        "while",
        "!",
        "{",
        "script",
        "nice",
        "unbuffer",
        "doas",
    ]
)
_RUNNERS = frozenset({"npx", "bunx", "uvx", "pipx", "pnpx"})
_TIMEOUTS = frozenset({"timeout", "gtimeout"})
_PACKAGE_RUNNERS = frozenset(
    {("pnpm", "dlx"), ("pnpm", "exec"), ("yarn", "dlx"), ("npm", "exec"), ("npm", "x"), ("bun", "x"), ("uv", "run"), ("poetry", "run")}
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_EXPRESSION = re.compile(r"\$\{\{|\$[A-Za-z_{(]|\ue000")


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one step says about the agent that it runs."""

    construct: str
    program: str
    model: str | None = None
    tools: tuple[str, ...] | None = None
    purpose: str | None = None
    purpose_line: int | None = None


@lru_cache(maxsize=1)
def _actions() -> tuple[re.Pattern[str], re.Pattern[str]]:
    rows = facts("ci")["action"]
    return _any_of([use for row in rows for use in row["uses"]]), _any_of([use for row in rows for use in row.get("except", [])])


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join("(?:" + re.escape(pattern).replace(r"\*", ".*") + r")" for pattern in patterns), re.IGNORECASE)


def run_of_action(step: Node, uses: str) -> Run | None:
    """The coding agent that an action runs, with what its inputs say; None when it runs none."""
    wanted, excepted = _actions()
    action = uses.split("@", 1)[0].removeprefix("docker://").strip("/")
    if wanted.fullmatch(action) is None or excepted.fullmatch(action) is not None:
        return None
    table = facts("ci")["inputs"]
    given = step.get("with")
    words: tuple[str, ...] = ()
    if given is None or not given.is_map:
        return Run(construct=uses.strip(), program=action)
    for key in table["args"]:
        node = _input(given, key)
        if node is not None and node.is_scalar:
            words = (*words, *words_of(node.text))
    prompts = (_input(given, key) for key in table["prompt"])
    prompt = next((node for node in prompts if node is not None and node.is_scalar and node.text.strip()), None)
    return Run(
        construct=uses.strip(),
        program=action,
        model=_model(given, words, step),
        tools=_tools(given, words),
        purpose=None if prompt is None else purpose_from(prompt.text),
        purpose_line=None if prompt is None else prompt.line,
    )


def _input(given: Node, key: str) -> Node | None:
    """The input of an action; its name's letter case and the sort of its hyphens do not count."""
    wanted = key.lower().replace("-", "_")
    return next((value for name, value in given.entries() if name.text.lower().replace("-", "_") == wanted), None)


def _model(given: Node, words: tuple[str, ...], step: Node) -> str | None:
    options = facts("ci")["options"]
    for key in facts("ci")["inputs"]["model"]:
        node = _input(given, key)
        if node is not None and not node.is_empty:
            return _settled(node.text)
    by_option = option_values(words, options["model"])
    if by_option:
        return _settled(by_option[0])
    environment = step.get("env")
    for key in ("ANTHROPIC_MODEL", "LLM_MODEL", "OPENAI_MODEL", "GEMINI_MODEL", "MODEL"):
        node = None if environment is None else environment.get(key)
        if node is not None and not node.is_empty:
            return _settled(node.text)
    return None


def _settled(text: str) -> str | None:
    """A value that no expression makes."""
    return None if _EXPRESSION.search(text) else text.strip() or None


def _tools(given: Node, words: tuple[str, ...]) -> tuple[str, ...] | None:
    table = facts("ci")
    found: list[str] = []
    is_known = False
    for key in table["inputs"]["tools"]:
        node = _input(given, key)
        if node is not None and not node.is_empty:
            is_known = True
            found.extend(name for text in (node.strings() if node.is_list else (node.text,)) for name in split_tools(text))
    by_option = option_values(words, table["options"]["tools"])
    found.extend(name for value in by_option for name in split_tools(value))
    return unique(name for name in found if not _EXPRESSION.search(name)) if is_known or by_option else None


@lru_cache(maxsize=1)
def _programs() -> dict[str, frozenset[str]]:
    return {row["program"]: frozenset(row["needs"]) for row in facts("ci")["command"]}


def run_of_script(script: Node) -> Run | None:
    """The first command of a shell text that runs a coding agent."""
    return next((run for words, before in commands_in(script.text) if (run := run_of_words(words, script.line + before)) is not None), None)


def run_of_words(words: tuple[str, ...], line: int) -> Run | None:
    """The coding agent that a command runs; None when it runs none."""
    program, arguments = _unwrapped(words)
    needs = _programs().get(program)
    if needs is None or (needs and not any(word.split("=", 1)[0] in needs for word in arguments[:60])):
        return None
    if program == "codex" and arguments and arguments[0] in {"login", "mcp"}:
        return None
    options = facts("ci")["options"]
    models = option_values(arguments, options["model"]) if program != "aider" else option_values(arguments, ["--model"])
    tools = option_values(arguments, options["tools"])
    prompts = [text for text in option_values(arguments, options["prompt"]) if not text.startswith(("$", "<"))]
    if not prompts:
        prompts = [word for word in arguments[1:] if " " in word and not word.startswith("-")]
    return Run(
        construct=f"run:{program}",
        program=program,
        model=_settled(models[0]) if models else None,
        tools=unique(name for value in tools for name in split_tools(value)) if tools else None,
        purpose=purpose_from(prompts[0]) if prompts else None,
        purpose_line=line,
    )


def _unwrapped(words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Program and arguments, after assignments, wrappers and package runners."""
    packages = facts("ci")["packages"]
    index = 0
    runs_package = False
    while index < len(words):
        word = words[index]
        name = word.rsplit("/", 1)[-1] if not word.startswith("@") else word
        if _ASSIGNMENT.match(word) or (index and word.startswith("-")):
            index += 1
        elif name in _WRAPPERS:
            runs_package |= name in _RUNNERS
            index += 1
        elif (name, words[index + 1] if index + 1 < len(words) else "") in _PACKAGE_RUNNERS:
            runs_package = True
            index += 2
        elif name in _TIMEOUTS:
            index += 1
            while index < len(words) and words[index].startswith("-"):
                index += 1
            index += 1
        else:
            package = word[: word.rfind("@")] if word.rfind("@") > 0 else word
            is_package = runs_package or word.startswith("@")
            return packages.get(package, name) if is_package else name, words[index + 1 :]
    return "", ()
