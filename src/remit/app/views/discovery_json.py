"""The JSON document of `remit discover PATH --json`.

Invariants: one document, an agent a line; unknown values are null; every text is valid UTF-8, whatever the files held.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from remit.app.coverage import coverage_json
from remit.model.agent import Agent
from remit.model.evidence import McpServerSeen, SecretSeen
from remit.model.ids import AGENT_PREFIX
from remit.model.ledger import Inventory


def pieces(inventory: Inventory) -> Iterator[bytes]:
    """The document in pieces to be written one after another."""
    yield b'{"agents": ['
    yield from _lines(agent_json(agent) for agent in inventory.agents)
    yield b'],\n"mcp_servers": ['
    yield from _lines(_server_json(server) for server in inventory.mcp_servers)
    yield b'],\n"secrets": ['
    yield from _lines(_secret_json(secret) for secret in inventory.secrets)
    yield b'],\n"coverage": '
    yield _bytes(coverage_json(inventory.ledger))
    yield b"}\n"


def _lines(items: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    separator = b"\n"
    for item in items:
        yield separator + _bytes(item)
        separator = b",\n"


def _bytes(value: dict[str, Any]) -> bytes:
    # Half of a surrogate pair, which JSON and YAML escapes can smuggle into a text, has no UTF-8 form.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def agent_json(agent: Agent) -> dict[str, Any]:
    """One agent."""
    document: dict[str, Any] = {
        "id": AGENT_PREFIX + agent.id,
        "name": agent.name,
        "framework": agent.framework,
        "language": agent.language,
        "path": agent.place.path,
        "line": agent.place.line,
        "end": agent.place.end,
        "construct": agent.construct,
        "model": agent.model,
        "tools": None if agent.tools is None else list(agent.tools),
        "purpose": agent.purpose,
        "delegates_to": [AGENT_PREFIX + slug for slug in agent.delegates_to],
        "kind": agent.kind,
        "identities": [
            {"ref": binding.ref, "confidence": binding.confidence, "because": [str(because.place) for because in binding.because]}
            for binding in agent.identities
        ],
        "credentials": [
            {"name": credential.name, "kind": credential.kind, "path": credential.place.path, "line": credential.place.line}
            for credential in agent.credentials
        ],
        "autonomy": agent.autonomy,
        "exposure": list(agent.exposure),
        "risk": agent.risk,
        "owner_candidates": [{"name": candidate.name, "because": _because(candidate.because)} for candidate in agent.owner_candidates],
        "inferred_actions": [
            {"system": action.system, "action": action.action, "resource": action.resource, "because": str(action.because)}
            for action in agent.inferred_actions
        ],
        "fingerprint": agent.fingerprint.whole,
        "copies": [AGENT_PREFIX + slug for slug in agent.copies],
        "places": [str(place) for place in agent.places],
        "confidence": agent.confidence,
    }
    if agent.is_test:
        document["test"] = True
    return document


def _because(because: Any) -> str:
    return f"{because.place}: {because.text}"


def _server_json(server: McpServerSeen) -> dict[str, Any]:
    return {
        "client": server.client,
        "name": server.name,
        "path": server.place.path,
        "line": server.place.line,
        "transport": server.transport,
        "command_or_url": server.command_or_url,
        "env": list(server.env),
        "active": server.is_active,
    }


def _secret_json(secret: SecretSeen) -> dict[str, Any]:
    return {"kind": secret.kind, "path": secret.place.path, "line": secret.place.line, "fingerprint": secret.fingerprint}
