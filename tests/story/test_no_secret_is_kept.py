"""Secrets planted in everything that a scan of code, of a system and of a log reads: none is in the store, and none is shown."""

from __future__ import annotations

import json
import random
import string
from pathlib import Path

import msgspec
from tests.story.test_loop_commands import Desk

from remit.app.current import Current
from remit.app.scan import keep_state, read_decisions
from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.model.decision import LoggedDecision, Outcome, Step
from remit.model.times import time_from_text
from remit.store.records import Store

AT = "2026-11-26T10:00:00Z"
_RANDOM = random.Random(3)


def _secret(prefix: str = "", length: int = 24, letters: str = string.ascii_letters + string.digits) -> str:
    return prefix + "b7Q" + "".join(_RANDOM.choice(letters) for _ in range(length - 3))


def _key(letters: str = string.ascii_uppercase + "234567") -> str:
    return "AKIA" + "".join(_RANDOM.choice(letters) for _ in range(16))


def _files(made: list[str]) -> dict[str, str]:
    """A small agent whose every file holds secrets; each is noted in `made`."""

    def new(value: str) -> str:
        made.append(value)
        return value

    return {
        "agent.py": f'''
from pydantic_ai import Agent
import boto3, psycopg
PROMPT = """You read the bills. Use the token {new(_secret("ghp_", 40))}; the password is {new(_secret())}."""
agent = Agent("openai:gpt-4o", name="bills", system_prompt=PROMPT, api_key="{new(_secret("sk-proj-", 48))}")
client = boto3.client("s3", aws_access_key_id="{new(_key())}", aws_secret_access_key="{new(_secret(length=40))}")
conn = psycopg.connect("postgresql://rw:{new(_secret())}@db.internal/core")

@agent.tool_plain
def read_bills() -> str:
    """Read the bills with the key {new(_secret("xoxb-", 40))}."""
    conn.execute("ALTER ROLE rw PASSWORD '{new(_secret())}'")
    client.get_object(Bucket="bills", Key="a?X-Amz-Signature={new(_secret(length=40))}")
    return ""
''',
        ".env": f"DB_PASSWORD={new(_secret())}\nDATABASE_URL=postgres://rw:{new(_secret())}@db/core\n",
        "README.md": f"# Bills\n\nThe agent bills reads bills. Database password is `{new(_secret())}`, postgres://rw:{new(_secret())}@db/x\n",
        "docker-compose.yml": "services:\n  bills:\n    build: .\n"
        f"    command: python agent.py --token {new(_secret())}\n    environment:\n      - DB_PASSWORD={new(_secret())}\n",
        ".mcp.json": json.dumps(
            {
                "mcpServers": {
                    "gh": {
                        "url": f"https://u:{new(_secret())}@mcp.example.com/x",
                        "headers": {"Authorization": f"Bearer {new(_secret())}"},
                    },
                    "fs": {"command": "npx", "args": ["srv", "--token", new(_secret())], "env": {"API_KEY": new(_secret())}},
                }
            }
        ),
        "bills.yaml": f'remit: 1\nagent: bills\npurpose: "Read bills with password {new(_secret())}"\nowner: {{contact: dana@x.example}}\n'
        f'objectives:\n  a: {{why: "The token is {new(_secret("ghp_", 40))}", can: [{{read: "aws:s3", resource: "*"}}]}}\n',
        "CODEOWNERS": f"* @{new(_secret('ghp_', 36))}\n",
    }


def _no_secret(made: list[str], text: str | bytes, where: str) -> None:
    held = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    assert [secret for secret in made if secret.encode() in held] == [], where


def _of_store(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*.sqlite3*")))


def test_no_secret_of_code_is_kept_or_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    made: list[str] = []
    for name, text in _files(made).items():
        (tmp_path / "code").mkdir(exist_ok=True)
        (tmp_path / "code" / name).write_text(text, "utf-8")
    shown = [desk.run("connect", "code", "code")]
    shown += [desk.run(*words) for words in (["agents", "--json"], ["agent", "bills", "--json"], ["agent", "bills"])]
    shown += [desk.run(*words) for words in (["draft", "bills"], ["draft", "bills", "--json"], ["discover", "code", "--json"])]
    refused = desk.run("approve", "code/bills.yaml", "--as", "dana@x.example", code=1)
    assert "code/bills.yaml:3: holds what looks like a password or a key" in refused.stderr
    for done in (*shown, refused):
        _no_secret(made, done.stdout + done.stderr, " ".join(map(str, done.args)))
    _no_secret(made, _of_store(tmp_path), "the store")


def test_no_secret_of_a_system_or_a_log_is_kept(tmp_path: Path) -> None:
    made = [_secret(), _secret("ghp_", 40), _secret(), _secret("ghp_", 40), _key()]
    body = {
        "Tags": {"db_password": made[0], "owner": made[4], "team": "shop"},
        "Description": f"token {made[1]}",
        "comment": f"password={made[2]}",
    }
    log = tmp_path / "log.jsonl"
    log.write_bytes(
        msgspec.json.encode(
            LoggedDecision(
                time=AT, id="1", agent="agent:bills", system="mcp:gh", action="read", resource=f"a/{made[3]}", outcome=Outcome.ALLOW,
                step=Step.CAPABILITY, line="", rule="", because=f"asked for {made[3]}", session=made[3],
            )
        )
        + b"\n"
    )  # fmt: skip
    with Store.open(f"sqlite:///{tmp_path}/store.sqlite3") as store:
        current = Current(store, now=time_from_text(AT))
        connection = Connection(id="aws:main", kind="aws", name="main", settings={})
        keep_state(current, connection, [NativeObject(connection="aws:main", kind="iam:role", id="x", body=body)], AT)
        (kept,) = store.all(NativeObject)
        assert kept.body == {
            "Tags": {"db_password": "***", "owner": "***", "team": "shop"},
            "Description": "token ***",
            "comment": "password=***",
        }
        assert read_decisions(current, "decisions:x", log, AT).events == 1
        assert store.events()[0].session == "***"
    _no_secret(made, _of_store(tmp_path), "the store")
