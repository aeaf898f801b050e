"""Who is recorded as having done something."""

from __future__ import annotations

import os
import pwd

import pytest

from remit.app.persons import MAX_CHARS, acting, operating_system_user
from remit.model.errors import UsageError


def test_nobody_claimed_is_the_operating_system_user_on_any_store() -> None:
    assert acting(None, "dana", is_local=True, called="`--as`") == "dana"
    assert acting(None, "dana", is_local=False, called="`--as`") == "dana"


def test_a_claim_is_taken_on_a_local_store_alone() -> None:
    assert acting(" kim@example.com ", "dana", is_local=True, called="`--as`") == "kim@example.com"
    with pytest.raises(UsageError, match="a claim proves nothing"):
        acting("kim@example.com", "dana", is_local=False, called="`person`")


@pytest.mark.parametrize("claimed", ["", "  ", "\n", "kim\nlee", "kim\u202elee", "kim\x1b[31m", "kim\x00", "k" * (MAX_CHARS + 1), "\ud800"])
def test_what_is_no_name_is_refused_and_says_where_it_is_written(claimed: str) -> None:
    with pytest.raises(UsageError, match="`person`"):
        acting(claimed, "dana", is_local=True, called="`person`")


def test_names_of_every_language_are_names() -> None:
    for name in ("Zoë Ångström", "田中 花子", "O'Neil", "dana+ops@example.com"):
        assert acting(name, "x", is_local=True, called="`--as`") == name


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_number: int) -> object:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert operating_system_user() == str(os.getuid())
