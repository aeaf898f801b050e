"""Claims hold only where something was looked at and came out as it should."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from remit.demo.claims import Claim, Found, all_of, judged, same, tried


@dataclass(frozen=True)
class Attempt:
    label: str
    outcome: str = "denied"


def test_a_claim_holds_where_each_try_came_out_as_expected() -> None:
    found = tried([Attempt("read"), Attempt("write")], lambda attempt: attempt.outcome, "denied", "things")
    assert found == Found(True, "2 things: denied")


def test_one_try_that_comes_out_otherwise_breaks_the_claim_and_is_named() -> None:
    attempts = [Attempt("read"), Attempt("write", "allowed"), Attempt("delete", "failed: ConnectionError")]
    found = tried(attempts, lambda attempt: attempt.outcome, "denied", "things")
    assert found == Found(False, "expected denied, but write: allowed; delete: failed: ConnectionError")


def test_what_was_not_tried_does_not_hold() -> None:
    assert not tried([], lambda _: "denied", "denied", "things").is_held
    assert not all_of().is_held


def test_a_check_that_fails_is_a_claim_that_does_not_hold() -> None:
    def fails(_: object) -> Found:
        raise RuntimeError("the server \x1b[31mis gone")

    found = judged(3, Claim("it works", fails), None).found
    assert found == Found(False, "could not be checked: RuntimeError: the server \\x1b[31mis gone")


def test_an_interruption_is_no_failed_check() -> None:
    def interrupted(_: object) -> Found:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judged(1, Claim("it works", interrupted), None)


def test_of_several_looks_the_ones_that_did_not_hold_are_told() -> None:
    assert all_of(Found(True, "a"), Found(True, "b")) == Found(True, "a; b")
    assert all_of(Found(True, "a"), Found(False, "b"), Found(False, "c")) == Found(False, "b; c")
    assert same(1, 1, "one letter") == Found(True, "one letter")
    assert same(["a"], [], "") == Found(False, "expected [], found ['a']")
