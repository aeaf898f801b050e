"""Fingerprints of agents, and which agents are copies of each other.

Copies have the same prompt (of a length that nobody writes twice by chance) or the same text of the construct.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from remit.model.agent import Agent, Fingerprint
from remit.model.evidence import AgentSeen

_LEAST_PROMPT = 60
"""Characters: shorter instructions (`You are a helpful assistant`) are equal by chance."""
_MOST_COPIES = 20
"""Copies named for one agent; a template copied a thousand times is known as one by its first copies."""


def fingerprint(seen: AgentSeen) -> Fingerprint:
    """The hashes of one agent."""
    prompt = None if seen.purpose is None else _hash(" ".join(seen.purpose.split()))
    tools = None if seen.tools is None else _hash("\n".join(sorted(seen.tools)))
    whole = (seen.framework, seen.construct, seen.name, seen.model, prompt, tools, seen.code_hash)
    return Fingerprint(
        whole=_hash("\0".join("" if part is None else f"={part}" for part in whole)), prompt=prompt, tools=tools, code=seen.code_hash
    )


def copies(agents: Sequence[tuple[str, AgentSeen | Agent, Fingerprint]]) -> dict[str, tuple[str, ...]]:
    """For each id the ids of its copies, in the order given."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for slug, seen, prints in agents:
        for key in _keys(seen, prints):
            groups[key].append(slug)
    result: dict[str, tuple[str, ...]] = {}
    for slug, seen, prints in agents:
        same = (other for key in _keys(seen, prints) for other in groups[key][: _MOST_COPIES + 1] if other != slug)
        result[slug] = tuple(dict.fromkeys(same))[:_MOST_COPIES]
    return result


def _keys(seen: AgentSeen | Agent, prints: Fingerprint) -> list[tuple[str, str]]:
    keys = []
    if prints.prompt is not None and len(seen.purpose or "") >= _LEAST_PROMPT:
        keys.append(("prompt", prints.prompt))
    if prints.code is not None:
        keys.append(("code", prints.code))
    return keys


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
