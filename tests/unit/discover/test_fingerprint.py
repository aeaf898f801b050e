"""Fingerprints and copies."""

from __future__ import annotations

from tests.unit.discover.evidence import agent

from remit.discover.fingerprint import copies, fingerprint

_PROMPT = "Explain the anomalies of the day in the cost report and open a ticket for the team that owns them."


def test_equal_agents_have_equal_fingerprints_and_any_difference_shows():
    first = agent("a.py:1", "x", purpose="a  b", tools=("s", "t"))
    same = agent("b.py:9", "x", purpose="a\n b ", tools=("t", "s"))
    assert fingerprint(first) == fingerprint(same)
    for other in (
        agent("a.py:1", "y", purpose="a b", tools=("s", "t")),
        agent("a.py:1", "x", purpose="a c", tools=("s", "t")),
        agent("a.py:1", "x", purpose="a b", tools=("s",)),
        agent("a.py:1", "x", purpose="a b", tools=None),
        agent("a.py:1", "x", purpose="a b", tools=("s", "t"), model="m"),
        agent("a.py:1", "x", purpose="a b", tools=("s", "t"), code_hash="c"),
    ):
        assert fingerprint(other).whole != fingerprint(first).whole


def _copies(*seen) -> list[tuple[str, ...]]:
    agents = [(f"a{number}", one, fingerprint(one)) for number, one in enumerate(seen)]
    return list(copies(agents).values())


def test_one_prompt_or_one_text_makes_copies():
    assert _copies(
        agent("a.py:1", purpose=_PROMPT), agent("b.py:1", purpose=_PROMPT, code_hash="c"), agent("c.py:1", code_hash="c"), agent("d.py:1")
    ) == [("a1",), ("a0", "a2"), ("a1",), ()]


def test_a_short_prompt_makes_none():
    assert _copies(agent("a.py:1", purpose="Be helpful."), agent("b.py:1", purpose="Be helpful.")) == [(), ()]


def test_of_a_thousand_copies_the_first_are_named():
    found = _copies(*(agent(f"a{number}.py:1", purpose=_PROMPT) for number in range(1000)))
    assert {len(names) for names in found} == {20}
