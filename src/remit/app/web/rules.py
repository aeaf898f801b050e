"""The rules behind findings: what each is about and why it exists."""

from __future__ import annotations

from functools import cache

from remit.contracts import registry
from remit.contracts.detection import Rule


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its id; they are part of the program."""
    return {detection.RULE.id: detection.RULE for detection in registry.find("RULE").values()}
