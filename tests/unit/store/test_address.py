"""Where a store is: both forms of address, refusals in words, and passwords that are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg import OperationalError

from remit.model.errors import RefusedError
from remit.store.address import address
from remit.store.faults import in_words
from remit.store.records import Store

CANARY = "c4n4ry-of-the-store"


def test_no_address_is_a_file_in_the_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    found = address(None)
    assert found.path == tmp_path / "remit" / "store.sqlite3"
    assert found.folder == tmp_path / "remit"
    assert address("") == found


def test_three_slashes_are_relative_and_four_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert address("sqlite:///x/y.db").path == tmp_path / "x" / "y.db"
    assert address(f"sqlite:///{tmp_path}/y.db").path == tmp_path / "y.db"
    assert address("sqlite:///x.db").is_local


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgres_is_taken_under_each_of_its_names(scheme: str) -> None:
    found = address(f"{scheme}://dana:{CANARY}@db.example:5433/remit?sslmode=require")
    assert found.url.drivername == "postgresql+psycopg"
    assert found.has_password
    assert not found.is_local
    assert found.shown == "postgresql://dana@db.example:5433/remit"
    assert found.url.query == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("text", "has_password"),
    [
        ("postgresql://dana@h/d", False),
        ("postgresql://dana:@h/d", False),
        ("postgresql:///d?host=/run/x", False),
        (f"postgresql://dana@h/d?password={CANARY}", True),
        (f"postgresql://dana@h/d?sslpassword={CANARY}", True),
        (f"postgresql://dana:{CANARY}@h/d", True),
    ],
)
def test_a_password_is_noticed_wherever_it_stands_and_not_shown(text: str, has_password: bool) -> None:
    found = address(text)
    assert found.has_password is has_password
    assert CANARY not in found.shown + repr(found) + str(found.url)


@pytest.mark.parametrize(
    "text",
    [
        "store.sqlite3",
        "sqlite://",
        "sqlite:///",
        "sqlite:///x?mode=memory",
        "sqlite:///\0",
        f"mysql://dana:{CANARY}@h/d",
        f"postgresql://dana:{CANARY}@x@h/d",
        f"postgresql://dana@h:{CANARY}/d",
        f"://{CANARY}",
        CANARY,
    ],
)
def test_another_address_is_refused_with_what_would_be_right_and_not_repeated(text: str) -> None:
    with pytest.raises(RefusedError) as refused:
        address(text)
    assert CANARY not in str(refused.value)
    assert "write" in str(refused.value) or "written" in str(refused.value)


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="is a folder"):
        Store.open(f"sqlite:///{tmp_path}")


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(RefusedError, match="cannot be reached") as refused:
        Store.open(f"postgresql://dana:{CANARY}@127.0.0.1:1/d")
    told = [str(refused.value)]
    error: BaseException | None = refused.value
    while error is not None:
        told.append(repr(error))
        error = error.__cause__
    assert CANARY not in "".join(told)
    assert "postgresql://dana@127.0.0.1:1/d" in str(refused.value)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("127.0.0.1:1/d", "nothing listens at that host and port"),
        (f"d?host=/nowhere/{CANARY}", "no server stands behind that socket"),
        ("127.0.0.1:99999/d", "the port in the store's address is not one"),
        (f"127.0.0.1:1/d?sslmode={CANARY}", "has a value that the driver does not know"),
        (f"127.0.0.1:1/d?{CANARY}=1", "is not known to the driver"),
    ],
)
def test_why_a_server_cannot_be_reached_is_told_and_no_text_of_the_driver(place: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why) as refused:
        Store.open(f"postgresql://dana:{CANARY}@{place}" if ":" in place else f"postgresql:///{place}")
    assert str(refused.value).endswith("; nothing of this was kept")
    assert f"dana:{CANARY}" not in str(refused.value)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (f"failed to resolve host '{CANARY}': [Errno -2] Name or service not known", "the host's name is not known"),
        ("connection timeout expired", "it did not answer in time"),
        (f'root certificate file "{CANARY}" does not exist', "the server's certificate is not accepted"),
        (f'could not open certificate file "{CANARY}": No such file or directory', "a file for it is missing"),
        ("server does not support SSL, but SSL was required", "do not agree on encryption"),
        (f"server closed the connection unexpectedly {CANARY}", "the connection broke"),
        ("consuming input failed: SSL connection has been closed unexpectedly", "the connection broke"),
        ("consuming input failed: SSL SYSCALL error: EOF detected", "the connection broke"),
        ("consuming input failed: SSL error: unexpected eof while reading", "the connection broke"),
        (f"something new: {CANARY}", "the server cannot be reached, or the connection broke"),
    ],
)
def test_what_the_driver_says_becomes_words_of_our_own(said: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why) as refused, in_words("here"):
        raise OperationalError(said)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("parameter", [f"nonsense={CANARY}", f"passfile=/nowhere&sslmode={CANARY}"])
def test_a_parameter_that_the_driver_does_not_know_is_told_without_its_value(parameter: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Store.open(f"postgresql://127.0.0.1:1/d?{parameter}")
    assert CANARY not in str(refused.value)
