"""Runs the product as a person would: its command line, in a process of its own, on an estate."""

# ruff: noqa: E501 - one call, one line
from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from tests.estate import postgres
from tests.estate.generate import Estate

REMIT = Path(sys.executable).with_name("remit")


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float = 0.0

    @property
    def document(self) -> Any:
        """Its JSON document."""
        return json.loads(self.out)


class Driver:
    """Runs commands on one estate, with one store; keeps everything that they said."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.said: list[Said] = []

    def run(self, *words: str, expect: int | None = 0) -> Said:
        """One command. `expect`: its exit code; None: any of 0 and 1."""
        began = time.monotonic()
        done = subprocess.run(
            [str(REMIT), *words], capture_output=True, text=True, env=self.estate.environment(), cwd=self.estate.folder, timeout=300, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        answer = Said(words, done.returncode, done.stdout, done.stderr, time.monotonic() - began)
        self.said.append(answer)
        problem = f"remit {' '.join(words)} ended with {done.returncode}\n{done.stderr[-3000:]}\n{done.stdout[-2000:]}"
        assert "Traceback (most recent call last)" not in done.stderr, problem
        assert done.returncode in ({0, 1} if expect is None else {expect}), problem
        return answer

    def json(self, *words: str, expect: int | None = 0) -> Any:
        """The JSON document of a command."""
        return self.run(*words, "--json", expect=expect).document

    def aws_options(self) -> list[str]:
        """Options of `connect aws` but the profiles."""
        made, server = self.estate.company, self.estate.cloud.server
        return ["--endpoint-url", server.endpoint, "--region", made.region, "--trail", self.estate.trail]

    def make_identities(self) -> list[str]:
        """Makes the read and write identities with exactly what `--print-policy` says, as an administrator would; gives what cannot be run."""
        problems = []
        for side in ("read", "write"):
            printed = self.run("connect", "aws", "--print-policy", side, *self.aws_options()).out
            document = json.loads(printed)
            policies = document if isinstance(document, list) else [document]
            self.estate.add_profile(f"remit-{side}", *self.estate.cloud.user_with(f"remit-{side}", policies))
            script = self.run(
                "connect", "postgres", self.estate.url("remit_read"), "--print-policy", side, "--log", str(self.estate.log)
            ).out
            try:
                postgres.run_script(self.estate.postgres, self.estate.company.database, script)
            except psycopg.Error as error:
                problems.append(f"the script for {side} cannot be run: {error}")
                self.estate.postgres.execute(f"CREATE ROLE remit_{side} LOGIN SUPERUSER")
        return problems

    def connect(self) -> None:
        """Connects code, AWS and Postgres."""
        made = self.estate.company
        self.json("connect", "code", str(self.estate.code))
        self.json("connect", "aws", "--profile", "remit-read", "--write-profile", "remit-write", *self.aws_options())
        read, write = self.estate.url("remit_read"), self.estate.url("remit_write")
        self.json("connect", "postgres", read, "--write-url", write, "--log", str(self.estate.log), "--name", made.connection)

    def leaks(self) -> list[str]:
        """Where a planted secret shows up in what commands said, or in the files of the store."""
        secrets = dict(self.estate.company.canaries)
        secrets |= {f"key of {agent.slug}": agent.aws.secret for agent in self.estate.agents() if agent.aws and agent.aws.secret}
        found = []
        for place, secret in secrets.items():
            found += [f"{place} in the output of {' '.join(said.words)}" for said in self.said if secret in said.out or secret in said.err]
            for folder in ("state", "data"):
                files = [path for path in (self.estate.folder / folder).rglob("*") if path.is_file()]
                found += [f"{place} in {path.name}" for path in files if secret.encode() in path.read_bytes()]
            stores = self.estate.folder.glob("store.db*")
            found += [f"{place} in {path.name}" for path in stores if secret.encode() in path.read_bytes()]
        return found
