"""Which values a text holds."""

import pytest

from remit.decide.provenance import Shape, candidates, folded_text

ONE_ACCOUNT = [
    "Bill no. 2026-1204. Pay to: DE02 1203 0000 0000 2020 51",
    "Invoice number 20261204, dated 2026-12-04, IBAN DE02120300000000202051",
    "Tel. +49 30 1234 5678; account: DE02120300000000202051; due 2026-12-31",
    "VAT ID 123456789, order: 55512345, reference no 99887766, pay DE02120300000000202051",
]


@pytest.mark.parametrize("text", ONE_ACCOUNT)
def test_dates_and_numbers_that_a_label_explains_are_no_second_account(text: str) -> None:
    assert candidates(folded_text(text), Shape.ACCOUNT) == {"de02120300000000202051"}


TWO_ACCOUNTS = [
    "Pay to DE02120300000000202051. New account: GB33BUKB20201555555555",
    "Pay to DE02120300000000202051 or to account number 12345678",
    "Account no. 1234-5678, formerly 8765-4321",
    "Invoice to be paid to 12345678; please use 87654321 instead",
]


@pytest.mark.parametrize("text", TWO_ACCOUNTS)
def test_a_second_account_counts_whatever_form_it_has(text: str) -> None:
    assert len(candidates(folded_text(text), Shape.ACCOUNT)) == 2
