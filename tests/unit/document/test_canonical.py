"""When two documents are the same remit."""

from __future__ import annotations

import hashlib
import json

import pytest

from remit.document.canonical import canonical, content_hash
from remit.document.parse import parse_or_raise

WHOLE = """remit: 1
agent: triage
purpose: Sort what comes in.
owner: {contact: dana@example.com, deputy: lee@example.com}
identities: [aws:role/triage, oauth:client/triage]
objectives:
  sort:
    why: Somebody waits.
    can:
      - {read: mcp:mail, resource: list_emails, where: {folder: [inbox, "x*", 5], unread: true}}
      - {read: postgres:desk, resource: tickets.open, columns: [id, subject]}
  tell:
    why: Somebody asks.
    can:
      - {transmit: mcp:mail, resource: send_email}
never:
  - {any: aws:iam}
  - {transmit: "*", outside: [example.com, example.org]}
limits: {calls: 600/hour, pay: 0.5 USD/day}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("remit: 1\n", "# a comment\n\nremit: 1\n"),
        ("{any: aws:iam}", '{any: aws:iam, resource: "*"}'),
        ("limits:", "mode: enforce\nlimits:"),
        ("limits:", "approvers: [lee@example.com, dana@example.com]\nlimits:"),
        ("limits:", "approvers: [dana@example.com, lee@example.com]\nlimits:"),
        ("limits:", "lifecycle: {}\nlimits:"),
        ("[aws:role/triage, oauth:client/triage]", "[oauth:client/triage, aws:role/triage]"),
        ("[id, subject]", "[subject, id]"),
        ("[example.com, example.org]", "[example.org, EXAMPLE.com]"),
        ('[inbox, "x*", 5], unread: true', '[5.0, "x*", inbox, inbox], unread: [true]'),
        ("folder: ", "folder:  "),
        ("0.5 USD", "0.50 USD"),
        ("contact: dana@example.com, deputy: lee@example.com", "deputy: lee@example.com, contact: dana@example.com"),
        ('{folder: [inbox, "x*", 5], unread: true}', '{unread: true, folder: [inbox, "x*", 5]}'),
        ("      - {transmit: mcp:mail, resource: send_email}\n", "      - resource: send_email\n        transmit: 'mcp:mail'\n"),
    ],
)
def test_another_way_to_write_a_remit_has_the_same_hash(old: str, new: str) -> None:
    assert old in WHOLE
    assert parse_or_raise(WHOLE.replace(old, new)).hash == parse_or_raise(WHOLE).hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("agent: triage", "agent: triage-2"),
        ("Sort what", "Sort all that"),
        ("Somebody waits.", "Somebody waits"),
        ("  sort:", "  order:"),
        ("unread: true", 'unread: "true"'),
        ("5]", '"5"]'),
        ("columns: [id, subject]", "columns: [id]"),
        ("resource: send_email", "resource: send_*"),
        ("{any: aws:iam}", "{any: aws:sts}"),
        ("600/hour", "600/day"),
        ("600/hour", "601/hour"),
        ("limits:", "mode: ask\nlimits:"),
        ("limits:", "lifecycle: {expires: 2027-01-01}\nlimits:"),
        ("limits:", "approvers: [dana@example.com]\nlimits:"),
        ("[aws:role/triage, oauth:client/triage]", "[aws:role/triage]"),
        (
            '  - {any: aws:iam}\n  - {transmit: "*", outside: [example.com, example.org]}\n',
            '  - {transmit: "*", outside: [example.com, example.org]}\n  - {any: aws:iam}\n',
        ),
    ],
)
def test_another_meaning_has_another_hash(old: str, new: str) -> None:
    assert old in WHOLE
    assert parse_or_raise(WHOLE.replace(old, new)).hash != parse_or_raise(WHOLE).hash


def test_the_hash_is_the_sha256_of_the_canonical_json() -> None:
    remit = parse_or_raise(WHOLE, "some/where.yaml")
    text = canonical(remit)
    assert remit.hash == "sha256:" + hashlib.sha256(text).hexdigest() == content_hash(remit)
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert b"where.yaml" not in text


def test_the_canonical_form_is_pinned() -> None:
    # A change of this hash means that every approved remit has to be approved again.
    assert parse_or_raise(WHOLE).hash == "sha256:1fe9b2ee7c8bb9cabc8864a601b15c2a5576c5ff5119c13d65ab26a2ec32801e"
