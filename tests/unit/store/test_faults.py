"""What goes wrong under a store: said in words, nothing half written, and the next run goes on."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from sqlalchemy import Engine, event, text
from tests.servers import LivePostgres, postgres_server

from remit.model.agent import AgentState
from remit.model.errors import RefusedError
from remit.model.event import Event, Result
from remit.model.standing import Ownership, Standing
from remit.store.records import EVENTS_AT_ONCE, Damaged, Store

SEEN = "2026-07-31T11:00:00Z"
STANDING = Standing(agent="a", state=AgentState.ACTIVE, since=SEEN, by="dana")


def _owned(agent: str, person: str = "dana") -> Ownership:
    return Ownership(agent=agent, person=person, since=SEEN, by="x")


def _events(count: int, start: int = 0) -> list[Event]:
    return [
        Event(
            id=str(number), source="aws:main", happened=SEEN, principal=f"p{number % 7}", system="aws:s3", action="s3:GetObject",
            resource=f"r{number % 5}", result=Result.ALLOWED, place="x" * 200,
        )
        for number in range(start, start + count)
    ]  # fmt: skip


@contextmanager
def _every_connection(statement: str) -> Iterator[None]:
    """Runs a statement on each connection of SQLite that is opened inside."""

    def listen(connection: Any, _record: object) -> None:
        connection.execute(statement)

    event.listen(Engine, "connect", listen)
    try:
        yield
    finally:
        event.remove(Engine, "connect", listen)


@contextmanager
def _child(code: str, *words: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that has said a line, ended by force at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line == "ready\n", (line, process.stderr.read() if process.stderr else "")
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


# --- the disk ----------------------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_told_and_nothing_of_the_transaction_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    with Store.open(url) as store:
        store.put(STANDING, seen=SEEN)
        store.add_events(_events(100), {"aws:main": "100"})
    with _every_connection("PRAGMA max_page_count = 60"), Store.open(url) as store:
        with pytest.raises(RefusedError, match="the disk is full"):
            store.add_events(_events(5000), {"aws:main": "5000"})
        with pytest.raises(RefusedError, match="the disk is full"):
            store.put_all([_owned("a"), _owned("b", "x" * 500_000)], seen=SEEN)
        assert store.all(Ownership) == []
        assert (sum(use.allowed for use in store.uses()), store.cursor("aws:main")) == (100, "100")
    with Store.open(url) as store:
        assert store.add_events(_events(5000), {"aws:main": "5000"}) == 4900
        assert sum(use.allowed for use in store.uses()) == 5000


def _little_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))


_FILLS = (
    "import sys\n"
    "from remit.store.records import Store\n"
    "from remit.model.standing import Ownership\n"
    "from remit.model.errors import RefusedError\n"
    "with Store.open(sys.argv[1]) as store:\n"
    "    try:\n"
    "        for number in range(1000):\n"
    "            store.put(Ownership(agent=str(number), person='x' * 5000, since='', by=''), seen='')\n"
    "    except RefusedError as error:\n"
    "        print(number, error)\n"
)


def test_a_disk_that_takes_no_more_in_the_middle_of_a_file_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    done = subprocess.run([sys.executable, "-c", _FILLS, url], capture_output=True, text=True, preexec_fn=_little_room, check=False)
    assert done.returncode == 0, done.stderr
    kept, _, words = done.stdout.partition(" ")
    assert "nothing of this was kept" in words
    with Store.open(url) as store:
        assert len(store.all(Ownership)) == int(kept) > 3


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("folder", "file"), [(0o755, 0o644), (0o700, 0o600)], ids=["may be read", "may not be read"])
def test_a_file_that_may_not_be_written_is_refused_in_words(tmp_path: Path, folder: int, file: int) -> None:
    import shutil
    import tempfile

    place = Path(tempfile.mkdtemp())  # the folders of pytest may not be entered by others
    try:
        place.chmod(0o755)
        path = place / "data" / "store.sqlite3"
        Store.open(f"sqlite:///{path}").close()
        path.parent.chmod(folder)
        path.chmod(file)
        code = (
            "import os, sys; os.setuid(65534)\n"
            "from remit.store.records import Store\nfrom remit.model.errors import RefusedError\n"
            "try: Store.open(sys.argv[1])\nexcept RefusedError as error: print(error)\n"
        )
        # Loaded before the user changes: the code itself need not be readable for everybody.
        code = "import remit.store.records, sqlalchemy.dialects.sqlite.pysqlite\n" + code
        done = subprocess.run([sys.executable, "-c", code, f"sqlite:///{path}"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "cannot be used: " in done.stdout
        assert "Permission denied" in done.stdout or "may not be" in done.stdout or "cannot be opened" in done.stdout
    finally:
        shutil.rmtree(place)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be one" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_refused_and_not_changed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(RefusedError, match=r"is not a database|is damaged"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_a_file_that_another_program_holds_is_refused_after_a_short_wait(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with Store.open(f"sqlite:///{path}", wait_s=0.1) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RefusedError, match="locked by another process"):
            store.put(STANDING, seen=SEEN)
        assert store.all(Standing) == []
        other.execute("ROLLBACK")
        other.close()
        assert store.put(STANDING, seen=SEEN)


def test_a_file_that_was_moved_away_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with Store.open(f"sqlite:///{path}") as store:
        store.put(STANDING, seen=SEEN)
        path.rename(tmp_path / "elsewhere")
        for ask in (store.sequence, lambda: store.get(Standing, "a"), lambda: store.put(STANDING, seen="later")):
            with pytest.raises(RefusedError, match="not the file any more"):
                ask()
        Store.open(f"sqlite:///{path}").close()
        with pytest.raises(RefusedError, match="not the file any more"):
            store.sequence()


# --- processes ---------------------------------------------------------------------------------------------------------------------

_PUTS = (
    "import sys\n"
    "from remit.store.records import Store\n"
    "from remit.model.standing import Ownership\n"
    "with Store.open(sys.argv[1]) as store:\n"
    "    store.put(Ownership(agent=sys.argv[2], person='dana', since='', by=''), seen='')\n"
)


def test_opening_and_closing_other_handles_takes_no_lock_from_one_that_stays_open(url: str) -> None:
    with Store.open(url) as store:
        for number in range(3):
            Store.open(url).close()
            with Store.open(url) as other:
                subprocess.run([sys.executable, "-c", _PUTS, url, str(number)], check=True)
                assert len(store.all(Ownership)) == len(other.all(Ownership)) == number + 1
                assert store.sequence() == number + 1


_HALF_WAY = (
    "import sys\n"
    "from remit.store.records import Store\n"
    "from remit.model.standing import Ownership\n"
    "store = Store.open(sys.argv[1])\n"
    "with store.exclusive('scan'), store.transaction():\n"
    "    for number in range(200):\n"
    "        store.put(Ownership(agent=str(number), person='x' * 3000, since='', by=''), seen='')\n"
    "    print('ready', flush=True)\n"
    "    sys.stdin.readline()\n"
)


def test_a_process_killed_in_a_transaction_leaves_nothing_behind_and_holds_nothing(url: str) -> None:
    with Store.open(url, wait_s=0.2) as store, _child(_HALF_WAY, url) as process:
        with pytest.raises(RefusedError, match=f"process {process.pid} on "), store.exclusive("scan"):
            pass
        with pytest.raises(RefusedError, match="another process"):
            store.put(STANDING, seen=SEEN)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        with store.exclusive("scan", wait_s=10):
            assert store.all(Ownership) == []
            assert store.sequence() == 0
    with Store.open(url) as store:
        assert store.put(STANDING, seen=SEEN)


_QUARANTINES = (
    "import sys\n"
    "from remit.store.records import Store\n"
    "from remit.model.standing import Standing\n"
    "from remit.model.agent import AgentState\n"
    "store = Store.open(sys.argv[1])\n"
    "print('ready', flush=True)\n"
    "sys.stdin.readline()\n"
    "store.put(Standing(agent='a', state=AgentState.SUSPENDED, since='', by=''), seen='')\n"
    "print('done', flush=True)\n"
)


def test_a_quarantine_gets_its_turn_while_very_many_events_are_added(url: str) -> None:
    with Store.open(url) as store, _child(_QUARANTINES, url) as process:

        def told() -> Iterator[Event]:
            assert process.stdin is not None
            assert process.stdout is not None
            for number, item in enumerate(_events(25_000)):
                if number == EVENTS_AT_ONCE + 1:
                    # Events were kept, more are to come: whoever writes now must not have to wait for the last of them.
                    process.stdin.write("go\n")
                    process.stdin.flush()
                    assert process.stdout.readline() == "done\n"
                    assert sum(use.allowed for use in store.uses()) == EVENTS_AT_ONCE
                yield item

        assert store.add_events(told(), {"aws:main": "end"}) == 25_000
        assert store.get(Standing, "a") is not None
        assert sum(use.allowed for use in store.uses()) == 25_000


# --- the server --------------------------------------------------------------------------------------------------------------------


def test_a_server_that_goes_away_is_told_and_the_next_run_goes_on() -> None:
    with postgres_server() as server:
        url = server.new_database("store")
        with Store.open(url, wait_s=1) as store:
            store.put(STANDING, seen=SEEN)
            server.restart()
            assert store.get(Standing, "a") == STANDING, "a connection that broke while nothing was asked is replaced"
            server.restart()
            assert store.put(_owned("a"), seen=SEEN)
            with pytest.raises(RefusedError, match="cannot be used"):
                _in_the_middle(store.transaction, store, server.restart)
            assert [item.agent for item in store.all(Ownership)] == ["a"]
            server.stop()
            for ask in (store.sequence, lambda: store.put(STANDING, seen="later"), lambda: store.add_events(_events(3))):
                with pytest.raises(RefusedError, match="cannot be reached"):
                    ask()
            server.start()
            assert store.add_events(_events(3), {"aws:main": "3"}) == 3
            with pytest.raises(RefusedError, match="broke, so another may hold it now"):
                _in_the_middle(lambda: store.exclusive("scan"), store, server.restart, is_first=True)
            with store.exclusive("scan"):
                assert [item.agent for item in store.all(Ownership)] == ["a"]


def test_a_server_that_says_nothing_is_given_up_and_its_late_answer_is_nobody_s(postgres: LivePostgres) -> None:
    url = postgres.new_database("hangs")
    with Store.open(url, wait_s=0.1, answers_within_s=0.1) as store:
        store.put(STANDING, seen=SEEN)
        store.put(_owned("a"), seen=SEEN)
        with psycopg.connect(url) as somebody:
            for (table,) in somebody.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
                somebody.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE'.encode())
            for ask in (store.sequence, lambda: store.get(Standing, "a")):
                with pytest.raises(RefusedError, match="the server does not answer"):
                    ask()
        assert store.get(Standing, "a") == STANDING
        assert [item.agent for item in store.all(Ownership)] == ["a"]
        assert store.put(_owned("b"), seen=SEEN)
    postgres.drop_database("hangs")


def _in_the_middle(
    opened: Callable[[], AbstractContextManager[None]], store: Store, happens: Callable[[], None], *, is_first: bool = False
) -> None:
    with opened():
        if not is_first:
            store.put(_owned("b"), seen=SEEN)
        happens()
        store.put(_owned("c"), seen=SEEN)


def test_a_server_that_lets_nobody_in_is_told_in_words(postgres) -> None:  # type: ignore[no-untyped-def]
    postgres.new_database("rights")
    postgres.execute("DROP ROLE IF EXISTS reads_only; CREATE ROLE reads_only LOGIN", "rights")
    cases: dict[str, str] = {
        postgres.url("no such database"): "has no database of that name",
        postgres.url("rights", "nobody known"): "does not accept this user or password",
        postgres.url("rights", "reads_only"): "a store needs CREATE on its schema",
    }
    for url, words in cases.items():
        with pytest.raises(RefusedError, match=words):
            Store.open(url)
    Store.open(postgres.url("rights")).close()
    with pytest.raises(RefusedError, match="this user may not do that there"):
        Store.open(postgres.url("rights", "reads_only"))
    postgres.drop_database("rights")
    postgres.execute("DROP ROLE reads_only")


def test_a_part_that_failed_takes_the_whole_transaction_with_it_though_somebody_caught_it(store: Store) -> None:
    def catches() -> None:
        with store.transaction():
            store.put(_owned("a"), seen=SEEN)
            with suppress(RefusedError):
                store.add_events([*_events(3), msgspec.structs.replace(_events(1)[0], id="9", happened="soon")])
            with suppress(RefusedError), store._database.write() as connection:
                connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    with pytest.raises(RefusedError, match="kept nothing of this: a part of it had failed"):
        catches()
    assert (store.all(Ownership), store.events()) == ([], [])
    assert store.put(_owned("a"), seen=SEEN)


def test_threads_share_a_store_and_lose_nothing(store: Store) -> None:
    def fill(name: str) -> None:
        for number in range(15):
            store.put(_owned(f"{name}-{number}"), seen=SEEN)
            store.add_events(msgspec.structs.replace(item, id=f"{name}-{number}-{item.id}") for item in _events(4))
            assert store.get(Ownership, f"{name}-{number}") is not None

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fill, "abcd"))
    assert len(store.all(Ownership)) == store.sequence() == 60
    assert sum(use.allowed for use in store.uses()) == 240
    before = store.uses()
    store.rebuild()
    assert store.uses() == before


# --- damage ------------------------------------------------------------------------------------------------------------------------


def _overwrite(store: Store, values: str) -> None:
    with store._database.write() as connection:
        connection.execute(text(f"UPDATE remit_record SET {values} WHERE key = 'a'"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("body = '{'", "the standing `a` in the store is damaged"),
        ("body = '[]'", "the standing `a` in the store is damaged"),
        ("body = '{}'", "the standing `a` in the store is damaged"),
        ("form = 2", "has form 2, and this version of remit reads up to 1"),
    ],
)
def test_a_record_that_cannot_be_read_is_named_and_costs_no_other(store: Store, values: str, words: str) -> None:
    other = Standing(agent="b", state=AgentState.ACTIVE, since=SEEN, by="dana")
    store.put_all([STANDING, other], seen=SEEN)
    _overwrite(store, values)
    asks: tuple[Callable[[], object], ...] = (
        lambda: store.get(Standing, "a"),
        lambda: store.all(Standing),
        lambda: store.history(Standing, "a"),
    )
    for ask in asks:
        with pytest.raises(RefusedError, match=words):
            ask()
    (_, damaged), found = store.each(Standing)
    assert isinstance(damaged, Damaged)
    assert found == ("b", other)
    assert store.get(Standing, "b") == other
    assert store.remove(Standing, "a", seen=SEEN)
    assert store.all(Standing) == [other]
