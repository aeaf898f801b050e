"""What moto does not have and Remit asks for, answered as AWS would for this account, so that a scan shows no gap that no account has.

Lists alone, whoever asks; nothing that anybody is granted hangs on them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from remit.demo.estate.calls import Request, doing_of

_ANSWERS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("bedrock-agentcore", "ListHarnesses"): {"harnesses": []},
    ("bedrock", "ListAgentActionGroups"): {
        "actionGroupSummaries": [
            {"actionGroupId": "PRICES0001", "actionGroupName": "prices", "actionGroupState": "ENABLED", "updatedAt": "2026-01-12T09:00:00Z"}
        ]
    },
}
"""(service, operation) -> answer. The action group is the one in the company's Terraform."""


class Supplement:
    """A WSGI application in front of another one, that answers what the other does not have."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One call: answered, or passed on as it is."""
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if "/bedrock" not in authorization:
            return self._application(environ, start_response)
        doing = doing_of(Request(method=environ["REQUEST_METHOD"], path=path_of(environ), authorization=authorization))
        answer = _ANSWERS.get((doing.service, doing.name)) if doing is not None else None
        if answer is None:
            return self._application(environ, start_response)
        body = json.dumps(answer).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


def path_of(environ: Mapping[str, Any]) -> str:
    """The path of a request as it was sent."""
    return str(environ.get("RAW_URI", environ.get("REQUEST_URI", ""))).partition("?")[0]
