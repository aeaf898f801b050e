"""The JSON of findings: `remit findings` and `remit accept` (interfaces.md)."""

from __future__ import annotations

from typing import Any

from remit.model.finding import Finding
from remit.model.ids import AGENT_PREFIX


def finding_json(finding: Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "id": finding.id,
        "rule": finding.rule,
        "severity": finding.severity,
        "agent": AGENT_PREFIX + finding.agent,
        "others": [AGENT_PREFIX + slug for slug in finding.others],
        "title": finding.title,
        "evidence": list(finding.evidence),
        "owner": finding.owner,
        "remedy": finding.remedy,
        "state": finding.state,
        "opened": finding.opened or None,
        "closed": finding.closed or None,
        "accepted_until": finding.accepted_until,
        "accepted_because": finding.accepted_because or None,
        "accepted_by": finding.accepted_by or None,
    }
