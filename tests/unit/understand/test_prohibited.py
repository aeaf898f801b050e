"""What instructions forbid, word by word: what is said to the agent, about what, and whether it always holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.understand.worlds import material_of

from remit.understand.draft import draft
from remit.understand.prohibited import prohibited
from remit.understand.tool_names import is_meant, likely_names
from remit.understand.wording import verbs_of_word


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Never write off a bill.", ["write off: bill"]),
        ("**Never** delete files.", ["delete: files"]),
        ("You do not stop, resize or delete anything.", ["stop: anything", "resize: anything", "delete: anything"]),
        ("You never pay anything and you never change a purchase order.", ["pay: anything", "change: purchase order"]),
        ("Never email a customer or delete a ticket.", ["email: customer", "delete: ticket"]),
        ("Never delete tickets, orders or customers.", ["delete: tickets orders customers"]),
        ("Read the tickets but never delete them.", ["delete: tickets"]),
        ("Under no circumstances should you transfer money.", ["transfer: money"]),
        ("You are not allowed to delete invoices.", ["delete: invoices"]),
        ("You only read; never write to orders.", ["write: at orders"]),
        ("The agent does not delete anything, even if asked.", ["delete: anything"]),
        ("You must not:\n- delete a booking\n- email a customer\n\n- Be kind", ["delete: booking", "email: customer"]),
        ("Do not delete tickets without asking.", ["delete: tickets sometimes"]),
        ("If a customer asks, do not refund the order.", ["refund: order sometimes"]),
        ("Never blindly delete files.", ["delete: files sometimes"]),
        ("Do not send mail outside example.org.", ["send: mail sometimes"]),
        ("Don't just delete files.", []),
        ("Do not hesitate to email the owner.", []),
        ("Never forget to send the report.", []),
        ("Customers never pay on time.", []),
        ("If a bill does not match, flag it.", []),
        ("name and mail only, never the bank account", []),
    ],
)
def test_what_is_forbidden_is_read_as_people_say_it(text: str, found: list[str]) -> None:
    said = []
    for item in prohibited(text):
        places = [f"at {' '.join(item.places)}"] if item.places else []
        verb = f"{item.word} {item.particle}".strip()
        said.append(" ".join([f"{verb}:", *item.objects, *places, *(["sometimes"] if item.is_conditional else [])]))
    assert said == found


@pytest.mark.parametrize(
    ("text", "meant", "others"),
    [
        ("Never write off a bill.", ["write_off", "write_off_bill", "billWriteOff"], ["write_note", "write_bill", "list_bills"]),
        ("Never delete a booking.", ["delete_booking", "remove_bookings", "deleteBooking"], ["delete", "delete_draft", "add_booking"]),
        ("Never cancel an appointment.", ["cancel_appointment"], ["cancel_order", "appointment"]),
        ("Never change a price.", ["update_price", "set_price"], ["read_price", "update_stock"]),
        ("Do not call wipe_disk.", ["wipe_disk"], ["wipe", "disk"]),
        ("Do NOT add creative commentary or describe the image", [], ["generate_image"]),
    ],
)
def test_a_tool_is_meant_by_its_name(text: str, meant: list[str], others: list[str]) -> None:
    def is_one(tool: str) -> bool:
        return any(is_meant(item, tool) for item in prohibited(text))

    assert [tool for tool in (*meant, *others) if is_one(tool)] == meant


def test_the_names_of_tools_that_nobody_knows_say_exactly_what_the_words_say() -> None:
    (item,) = prohibited("Never delete a purchase order.")
    assert list(likely_names(item)) == ["delete_purchase_order", "delete_purchase_orders"]
    (item,) = prohibited("Never delete anything.")
    assert list(likely_names(item)) == []


@pytest.mark.parametrize("word", ["seed", "feed", "speed", "need", "seeds"])
def test_no_word_is_a_form_of_a_verb_that_it_only_ends_like(word: str) -> None:
    assert not verbs_of_word(word)


_ANY_WORDS = (
    "never,not,do,you,must,delete,change,read,write,send,the,a,any,anything,orders,shop.orders,customers,it,if,or,and,off,hr.salaries,"
    "without,outside,example.org,write_off,tickets,*,.,;,:,\n- "
)
_WORDS = st.lists(st.sampled_from(_ANY_WORDS.split(",")), max_size=30)


@settings(max_examples=150, deadline=None)
@given(_WORDS)
def test_no_prohibition_widens_a_draft(words: list[str]) -> None:
    """Each live line stands there without the words that forbid too, and no `never` meets one that is live."""
    base = "Read shop.orders. "
    case = {
        "relations": ["shop.orders", "hr.salaries"],
        "servers": ["till"],
        "code": [["select", "shop.orders"], ["delete", "shop.orders"], ["s3:DeleteObject", "arn:aws:s3:::tickets/*"]],
        "uses": [["select", "hr.salaries", 2, 0]],
    }
    found = draft(material_of({**case, "purpose": base + "Never " + " ".join(words) + "."}))
    live = {(line.verb, line.system, line.resource) for line in found.lines if not line.is_observed_only}
    assert not live & {(line.verb, line.system, line.resource) for line in found.never}
    for line in found.never:
        assert (line.system, line.resource) != ("*", "*") or line.outside or all(verb != line.verb for verb, _, _ in live)
    assert len(found.unresolved) >= len({(line.verb, line.resource) for line in found.withheld})


@pytest.mark.parametrize("text", ["/" * 20_000, "é" * 20_000, "never" + ":" * 19_000 + "x", "a." * 10_000, '"' * 20_000])
def test_a_text_made_to_hold_a_reader_up_is_read_to_its_end(text: str):
    assert prohibited(text) == prohibited(text + " ")
