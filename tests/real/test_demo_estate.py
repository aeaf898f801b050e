"""The demo estate on its real servers: it starts, Remit finds in it what was put there and nothing else, and it leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from remit.demo.estate import aws, cast
from remit.demo.estate.attempts import ALLOWED, DENIED, EXCESSIVE, NEEDED, aws_attempt, database_attempt
from remit.demo.estate.running import Estate, running
from remit.model.errors import RefusedError, UsageError

pytestmark = pytest.mark.real

IDENTITIES = {
    cast.NIGHT_REPORT: {"aws:role/night-report", "postgres:shop/night_report"},
    cast.NIGHT_REPORT_2025: {"aws:user/night-report-2025"},
    cast.SUPPLIER_DESK: set(),
    cast.REFUND_DESK: {"aws:role/refund-desk", "postgres:shop/refund_desk"},
    cast.STOREFRONT_HELPER: {"aws:role/shop-support", "postgres:shop/storefront_helper"},
    cast.RETURNS_SORTER: {"aws:role/shop-support", "postgres:shop/returns_sorter"},
    cast.STOCK_WATCH: {"aws:user/ada", "postgres:shop/stock_watch"},
    cast.RELEASE_SCRIBE: set(),
    cast.PRICE_SCOUT: {"aws:role/price-scout"},
    cast.LETTER_FILER: {"aws:user/letter-filer"},
    cast.REVIEW_READER: {"aws:role/review-reader"},
    cast.SHELF_FINDER: {"postgres:shop/shelf_finder"},
}
OWNERS = {
    cast.NIGHT_REPORT: cast.MIRA,
    cast.NIGHT_REPORT_2025: cast.MIRA,
    cast.SUPPLIER_DESK: cast.MIRA,
    cast.REFUND_DESK: cast.JONAS,
    cast.STOREFRONT_HELPER: cast.JONAS,
    cast.RETURNS_SORTER: cast.JONAS,
    cast.LETTER_FILER: cast.JONAS,
    cast.STOCK_WATCH: cast.ADA,
    cast.RELEASE_SCRIBE: cast.ADA,
    cast.PRICE_SCOUT: cast.ADA,
    cast.SHELF_FINDER: cast.ADA,
}
FAULTS = [
    (cast.LETTER_FILER, "dormant"),
    (cast.NIGHT_REPORT, "used-not-needed"),
    (cast.NIGHT_REPORT, "used-not-needed"),
    (cast.NIGHT_REPORT_2025, "copy"),
    (cast.PRICE_SCOUT, "expired-grant"),
    (cast.REVIEW_READER, "no-owner"),
    (cast.STOCK_WATCH, "persons-key"),
    (cast.STOREFRONT_HELPER, "shared-identity"),
]


class Told:
    """A running estate that Remit was connected to, and everything that it said."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.said = ""

    def json(self, *words: str) -> Any:
        """One command's JSON."""
        command = [sys.executable, "-m", "remit", *words, "--json"]
        environment = {**os.environ, **self.estate.environment}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=self.estate.folder, check=False)
        assert done.returncode == 0, done.stderr
        self.said += done.stdout + done.stderr
        return json.loads(done.stdout)


@contextmanager
def new_folder() -> Iterator[Path]:
    """Not one of pytest's: another run of it takes the way to those from Postgres, which as root runs as a user of its own."""
    folder = Path(tempfile.mkdtemp(prefix="remit-demo-"))
    try:
        yield folder / "estate"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    parts: list[str] = []
    with new_folder() as folder, running(folder, parts.append) as estate:
        assert parts
        found = Told(estate)
        found.json("connect", "code", str(estate.company))
        profiles = ("--profile", aws.READ_PROFILE, "--write-profile", aws.WRITE_PROFILE)
        address = ("--endpoint-url", estate.endpoint_url, "--region", cast.REGION, "--trail", estate.trail)
        found.json("connect", "aws", *profiles, *address)
        found.json("connect", "postgres", estate.read_url, "--write-url", estate.write_url, "--log", str(estate.log_folder))
        yield found


def test_every_agent_of_the_cast_is_found_with_the_identities_that_it_has(told: Told):
    agents = {agent["id"].removeprefix("agent:"): agent for agent in told.json("agents")["agents"]}
    connected = {name: {one["ref"] for one in agent["identities"] if one["is_connected"]} for name, agent in agents.items()}
    assert connected == IDENTITIES


def test_whoever_is_named_near_an_agent_may_be_asked(told: Told):
    agents = {agent["id"].removeprefix("agent:"): agent for agent in told.json("agents")["agents"]}
    named = {name: {one["name"] for one in agent["owner_candidates"]} for name, agent in agents.items()}
    assert named == {name: {OWNERS[name]} if name in OWNERS else set() for name in agents}


def test_the_planted_faults_are_found_and_nothing_else(told: Told):
    findings = told.json("findings")["findings"]
    assert sorted((one["agent"].removeprefix("agent:"), one["rule"]) for one in findings) == FAULTS


def test_everything_in_the_trail_and_the_log_is_understood(told: Told):
    scanned = told.json("scan")
    assert [one["connection"] for one in scanned["connections"] if one["unread_records"] or one["fault"]] == []
    assert {one["connection"]: one["events"] for one in scanned["connections"]}["postgres:shop"] == 0


@pytest.mark.parametrize("agent", list(NEEDED))
def test_all_that_an_agent_needs_and_more_works_at_the_start(agent: str, told: Told):
    tries = (*NEEDED[agent], *EXCESSIVE[agent])
    assert {one.label: one.run(told.estate) for one in tries} == {one.label: ALLOWED for one in tries}


def test_what_was_never_granted_is_denied(told: Told):
    assert aws_attempt(told.estate, cast.REFUND_DESK, "s3:GetObject", cast.BUCKET_ORDERS, "lists/titles.csv") == DENIED
    assert database_attempt(told.estate, cast.REFUND_DESK, "SELECT person FROM finance.payroll") == DENIED


def test_a_try_that_is_a_mistake_is_neither_allowed_nor_denied(told: Told):
    assert database_attempt(told.estate, cast.REFUND_DESK, "SELECT nothing FROM nowhere") == "failed: UndefinedTable"
    with pytest.raises(UsageError):
        aws_attempt(told.estate, cast.REFUND_DESK, "s3:Unheard")


def test_tries_leave_no_record_and_work_does(told: Told):
    """The last of these tests that scan: it adds what is no part of the history."""
    told.json("scan")
    for one in (*NEEDED[cast.REFUND_DESK], *NEEDED[cast.NIGHT_REPORT]):
        one.run(told.estate)
    again = {one["connection"]: one["events"] for one in told.json("scan")["connections"]}
    assert (again["aws:main"], again["postgres:shop"]) == (0, 0)
    at_work = aws.Account(endpoint=told.estate.endpoint_url, keys=told.estate.account.keys)
    s3 = at_work.session("s3", cast.REFUND_DESK, "refund-desk")
    s3.get_object(Bucket=cast.BUCKET_LETTERS, Key="tickets/1.txt")
    with pytest.raises(ClientError):
        s3.get_object(Bucket=cast.BUCKET_CUSTOMERS, Key="complaints/complaint-1.txt")
    told.json("scan")
    lines = told.json("agent", cast.REFUND_DESK)
    assert "tidewater-letters" in json.dumps(lines)
    recorded = _trail_of(told.estate, "refund-desk")
    assert [(one["eventName"], one.get("errorCode")) for one in recorded][-2:] == [("GetObject", None), ("GetObject", "AccessDenied")]


def _trail_of(estate: Estate, session: str) -> list[dict[str, Any]]:
    """What the trail says of sessions of that name, of today, in order."""
    import gzip

    s3 = estate.account.client("s3", aws.ADA_USER)
    files = sorted(s3.list_objects_v2(Bucket=cast.BUCKET_TRAIL)["Contents"], key=lambda file: file["LastModified"])
    texts = [gzip.decompress(s3.get_object(Bucket=cast.BUCKET_TRAIL, Key=file["Key"])["Body"].read()) for file in files]
    records = [record for text in texts for record in json.loads(text)["Records"]]
    return [record for record in records if record["userIdentity"]["arn"].endswith(f"assumed-role/refund-desk/{session}")]


def test_no_secret_of_the_account_is_said_or_kept(told: Told):
    kept = [path for path in told.estate.folder.rglob("*") if path.is_file() and path.parent.name not in ("aws", "json", "postgres")]
    texts = [path.read_bytes() for path in kept if "postgres" not in path.relative_to(told.estate.folder).parts]
    assert texts
    for _, secret in told.estate.account.keys.values():
        assert secret not in told.said
        assert not any(secret.encode() in text for text in texts)
    for name in ("config", "credentials"):
        assert (told.estate.folder / "aws" / name).stat().st_mode & 0o077 == 0


def test_the_database_lets_in_nobody_but_the_user_that_it_runs_as(told: Told):
    assert stat.S_IMODE((Path(told.estate.server.socket) / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_a_second_demo_beside_it_starts_too_and_one_in_its_folder_does_not(told: Told):
    with pytest.raises(RefusedError, match="runs already"), running(told.estate.folder, print):
        pass
    with new_folder() as folder, running(folder, lambda _: None) as other:
        assert other.endpoint_url != told.estate.endpoint_url
        assert database_attempt(other, cast.REFUND_DESK, "SELECT 1") == ALLOWED
    assert database_attempt(told.estate, cast.REFUND_DESK, "SELECT 1") == ALLOWED


_KILLED = """
import sys
from pathlib import Path
from remit.demo.estate.running import running
with running(Path(sys.argv[1]), lambda _: None):
    print("up", flush=True)
    sys.stdin.read()
"""


def test_nothing_outlives_a_demo_that_was_killed_and_the_next_one_starts():
    with new_folder() as folder:
        demo = subprocess.Popen([sys.executable, "-c", _KILLED, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert demo.stdout is not None
        assert demo.stdin is not None
        with demo.stdout, demo.stdin:
            assert demo.stdout.readline() == b"up\n"
            postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
            started = [*psutil.Process(demo.pid).children(recursive=True), psutil.Process(postmaster)]
            assert len(started) >= 2
            demo.kill()
            demo.wait()
            _, alive = psutil.wait_procs(started, timeout=30)
            assert alive == []
        with running(folder, lambda _: None) as estate:
            assert database_attempt(estate, cast.REFUND_DESK, "SELECT 1") == ALLOWED
