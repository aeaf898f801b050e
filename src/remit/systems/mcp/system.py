"""MCP servers as a system: the reviewed table of tool names, and the tool filter.

The table does not claim to be complete: a tool that is not in it is unknown, which only `call` and `any` allow.
"""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from remit.contracts.system import Feature, Impossible, Meaningless, NotBuilt, Vocabulary, Works
from remit.model.native import Native
from remit.model.remit import Remit
from remit.model.verbs import Verb
from remit.systems.mcp.compile import tool_filter


def as_written(name: str) -> str:
    """Tools are compared by their names as they are written."""
    return name


def verbs_in(table: Mapping[str, Any]) -> dict[str, Verb]:
    """The verb of every tool of a table; raises ValueError where the table gives one tool two verbs, or a word that is none."""
    verbs: dict[str, Verb] = {}
    for server in table["server"]:
        for word, names in server.items():
            if word in ("name", "source"):
                continue
            for name in names:
                if verbs.setdefault(name, Verb(word)) is not Verb(word):
                    raise ValueError(f"the tool `{name}` is `{verbs[name]}` and `{word}`")
    return verbs


@cache
def _vocabulary() -> Vocabulary:
    table = tomllib.loads((pkgutil.get_data("remit.systems.mcp", "actions.toml") or b"").decode())
    return Vocabulary(kind="mcp", verbs=verbs_in(table), fold=as_written, is_complete=False)


class McpSystem:
    """The read side of MCP servers."""

    kind = "mcp"
    features: Mapping[str, Feature] = {
        "verbs": Works(),
        "compile": Works(),
        "read": NotBuilt("the tools of a server are read by the gateway while it runs, not by a scan"),
        "access": Meaningless("a server has no grants of its own; what its tools can do is granted in the systems behind it"),
        "audit": NotBuilt("calls are recorded by the gateway's decision log; logs of servers are not read"),
        "change": Impossible("MCP has no request that changes what a client may call"),
        "credentials": Impossible("MCP has no request that narrows or revokes a client's token"),
    }

    def vocabulary(self) -> Vocabulary:
        """The reviewed table of tool names."""
        return _vocabulary()

    def compile(self, remit: Remit) -> Native:
        """The tool filter of the remit."""
        return tool_filter(remit, _vocabulary())


SYSTEM = McpSystem()
