"""Builds an estate: a moto server with enforcement, a real Postgres, a source tree, and ninety days of history."""

# ruff: noqa: E501 - records and templates read better in one line
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.estate import aws, emulator, history, postgres
from tests.estate.code import tree
from tests.estate.company import company
from tests.estate.truth import Agent, Company
from tests.servers import LivePostgres


@dataclass
class Estate:
    """A running organisation, and what is true of it."""

    company: Company
    folder: Path
    cloud: aws.Cloud
    postgres: LivePostgres
    now: datetime
    trail_records: int
    log_statements: int

    @property
    def code(self) -> Path:
        """The source tree."""
        return self.folder / "code"

    @property
    def log(self) -> Path:
        """The folder of Postgres's JSON logs, past and present."""
        return self.postgres.folder / postgres.LOG

    @property
    def trail(self) -> str:
        """For `--trail`."""
        return f"s3://{self.company.trail_bucket}"

    @property
    def credentials(self) -> Path:
        """AWS profiles `remit-read` and `remit-write`, and `operator`, once they are made."""
        return self.folder / "aws-credentials"

    def url(self, role: str) -> str:
        """Address of the database for a role."""
        return self.postgres.url(self.company.database, role)

    def environment(self) -> dict[str, str]:
        """What a process needs to work on this estate: nothing of this machine's own AWS settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PG", "REMIT_"))}
        return kept | {
            "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials), "AWS_CONFIG_FILE": str(self.folder / "aws-config"), "AWS_EC2_METADATA_DISABLED": "true",
            "REMIT_STORE": f"sqlite:///{self.folder / 'store.db'}", "XDG_STATE_HOME": str(self.folder / "state"), "XDG_DATA_HOME": str(self.folder / "data"),
        }  # fmt: skip

    def add_profile(self, name: str, key: str, secret: str) -> None:
        """Adds a profile to the credentials file."""
        with self.credentials.open("a", encoding="utf-8") as file:
            file.write(f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")

    def agents(self) -> list[Agent]:
        """All that there are."""
        return self.company.agents


@contextmanager
def build(seed: int, folder: Path, faults: set[str] | None = None, now: datetime | None = None) -> Iterator[Estate]:
    """Starts the estate of a seed under `folder`. `faults`: exactly these (see `faults.ALL`); None: as the seed draws them."""
    ended = history.moment(now)
    made = company(seed, faults, ended)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        server = stack.enter_context(emulator.server())
        cloud = aws.set_up(made, server)
        live = stack.enter_context(postgres.database(made))
        trail_records = history.write_trail(made, cloud.client("s3"), ended)
        log_statements = history.write_log(made, live.folder / postgres.LOG, ended)
        estate = Estate(made, folder, cloud, live, ended, trail_records, log_statements)
        tree.write(made, estate.code)
        estate.add_profile("operator", cloud.key, cloud.secret)
        yield estate
