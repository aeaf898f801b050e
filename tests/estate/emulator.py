"""moto, taught to look at the resource: by itself it decides DynamoDB, SNS, Secrets Manager and logs as if the resource were `*`.

`python -m tests.estate.emulator` runs it: it prints its port, and ends when its standard input ends.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import LiveAws, cannot_start

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def server() -> Iterator[LiveAws]:
    """The emulator in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    environment["PYTHONPATH"] = str(ROOT)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.estate.emulator"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdin is not None
        said = process.stdout.readline()
        if not re.fullmatch(r"\d+\n", said):
            cannot_start("the AWS server", f"it said {said!r} and ended with {process.poll()}")
        yield LiveAws(f"http://127.0.0.1:{said.strip()}")
    finally:
        process.kill()
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _given(response: Any) -> dict[str, Any]:
    """What the caller asked about, whether by JSON or by a form."""
    if isinstance(response.body, dict):
        return response.body
    topic = response._get_param("TopicArn") if "TopicArn" in (response.data or {}) else None
    if topic:
        return {"TopicArn": topic}
    try:
        found = json.loads(response.body or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def resource_of(service: str, given: dict[str, Any], region: str, account: str) -> str:
    """The ARN that a call is about; `*` where it is about none."""
    head = f"arn:aws:{service}:{region}:{account}"
    if service == "dynamodb" and given.get("TableName"):
        return f"{head}:table/{given['TableName']}"
    if service == "sns" and given.get("TopicArn"):
        return str(given["TopicArn"])
    if service == "secretsmanager" and given.get("SecretId"):
        name = str(given["SecretId"])
        return name if name.startswith("arn:") else f"{head}:secret:{name}-a1B2c3"
    if service == "logs" and given.get("logGroupName"):
        return f"{head}:log-group:{given['logGroupName']}:*"
    return "*"


def _teach() -> None:
    from moto.dynamodb.responses import DynamoHandler
    from moto.logs.responses import LogsResponse
    from moto.secretsmanager.responses import SecretsManagerResponse
    from moto.sns.responses import SNSResponse

    taught = {"dynamodb": DynamoHandler, "logs": LogsResponse, "secretsmanager": SecretsManagerResponse, "sns": SNSResponse}
    for service, handler in taught.items():

        def determine(response: Any, service: str = service) -> str:
            return resource_of(service, _given(response), response.region, response.current_account)

        handler._determine_resource = determine


def main() -> None:
    """Serves until its standard input ends."""
    from moto.server import ThreadedMotoServer

    _teach()
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    print(running.get_host_and_port()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
