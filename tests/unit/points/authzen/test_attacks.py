"""Evaluations that would hold up the service."""

from __future__ import annotations

import json

from remit.points.authzen.evaluation import read_evaluation


def test_paths_of_very_many_folders_are_not_looked_up():
    body = {
        "subject": {"type": "agent", "id": "reader"},
        "action": {"name": "t", "properties": {"p": ["/none/" + "a/" * 1500 + str(number) for number in range(10)]}},
        "resource": {"type": "mcp:files", "id": "t"},
    }
    request = read_evaluation(json.dumps(body).encode())
    assert not request.is_understood
    assert "folders" in request.fault
