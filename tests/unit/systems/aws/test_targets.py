"""Targets and the canonical texts of their states."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.model.errors import RefusedError
from remit.systems.aws.objects import attached_target, group_target, inline_target
from remit.systems.aws.targets import boundary_target, key_target, target_of, text_of, value_in

ROLE, USER = "arn:aws:iam::123456789012:role/agents/eu/triage", "arn:aws-cn:iam::123456789012:user/bot"
TARGETS = {
    inline_target(ROLE, "given"): ("role", "triage", "inline", "given"),
    attached_target(ROLE, "arn:aws:iam::aws:policy/job/X"): ("role", "triage", "attached", "arn:aws:iam::aws:policy/job/X"),
    boundary_target(USER): ("user", "bot", "boundary", ""),
    group_target(USER, "ops"): ("user", "bot", "group", "ops"),
    key_target(USER, "0123456789abcdef"): ("user", "bot", "key", "0123456789abcdef"),
    f"{ROLE}#tag/cost:center/x": ("role", "triage", "tag", "cost:center/x"),
}


@pytest.mark.parametrize("text", TARGETS)
def test_a_target_is_taken_apart(text: str) -> None:
    target = target_of(text)
    assert (target.holder, target.name, target.part, target.item) == TARGETS[text]
    assert target.account == "123456789012"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#",
        "postgres:main/x#inline/y",
        "arn:aws:iam::123456789012:group/x#inline/y",
        "arn:aws:sts::1:assumed-role/x/y#inline/z",
        ROLE,
        *(f"{ROLE}#{part}" for part in ("", "trust", "inline", "inline/", "boundary/x", "key/1", "group/x")),
    ],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        target_of(text)


@given(st.text())
def test_any_text_is_a_target_or_refused(text: str) -> None:
    with suppress(RefusedError):
        assert target_of(text).name


@given(st.dictionaries(st.text(), st.text() | st.integers(), min_size=1), st.booleans())
def test_a_policys_text_survives_both_ways_of_answering(document: dict[str, object], is_encoded: bool) -> None:
    from urllib.parse import quote

    text = json.dumps(document, indent=1)
    assert text_of(quote(text, safe="") if is_encoded else text) == text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Status": 1}', '{"Status": "x", "More": "y"}', "[" * 100_000])
def test_a_state_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        value_in(text, "Status")
