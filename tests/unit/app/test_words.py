"""What the words of the product mean: no value of the code that people are shown is without its word, and no word without its value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files

import pytest

from remit.app.views.entitlements import CLASSES, PAST
from remit.app.views.words import sections
from remit.app.web.ledger import SORTS
from remit.app.web.rules import rules
from remit.model.agent import AgentKind, AgentState
from remit.model.alignment import Class
from remit.model.decision import Outcome
from remit.model.draft import Origin
from remit.model.place import Confidence
from remit.model.plan import PlanKind, PlanState
from remit.model.remit import Mode
from remit.model.verbs import LINE_VERBS

TERMS = [term for section in sections() for term in section.term]
IDS = [*(section.id for section in sections()), *(term.id for term in TERMS)]
MEANS = {term.id: term for term in TERMS}
TEMPLATES = sorted((files("remit.app.web") / "templates").iterdir(), key=str)  # type: ignore[call-overload]
SHOWN: dict[str, Iterable[str]] = {
    "class": [*Class, "past"],
    "confidence": Confidence,
    "kind": AgentKind,
    "ledger": SORTS,
    "mode": Mode,
    "origin": Origin,
    "outcome": Outcome,
    "plan": PlanKind,
    "rule": rules(),
    "stage": PlanState,
    "state": AgentState,
    "verb": [*LINE_VERBS, "unknown"],
}
"""The values that pages show, by the kind that their words' ids begin with."""


@pytest.mark.parametrize("kind", SHOWN)
def test_each_value_has_its_word_and_each_word_its_value(kind: str) -> None:
    values = {f"{kind}-{str(value).replace('_', '-')}" for value in SHOWN[kind]}
    assert values
    assert {name for name in MEANS if name.startswith(f"{kind}-")} == values


def test_a_class_and_a_part_of_the_ledger_are_called_as_pages_call_them() -> None:
    titles = {**{f"class-{name.replace('_', '-')}": words.title for name, words in CLASSES.items()}, "class-past": PAST.title}
    titles |= {f"ledger-{name}": title for name, title in SORTS.items()}
    assert {name: MEANS[name].term for name in titles} == titles


def test_a_value_is_called_by_its_own_name() -> None:
    for kind in ("confidence", "kind", "mode", "origin", "outcome", "plan", "rule", "stage", "state"):
        for value in map(str, SHOWN[kind]):
            assert re.match(rf"{re.escape(value)}\b", MEANS[f"{kind}-{value}"].term), (kind, value)


def test_every_anchor_stands_once_and_every_meaning_is_a_sentence() -> None:
    assert sorted(set(IDS)) == sorted(IDS)
    for section in sections():
        assert re.fullmatch(r"[a-z]+", section.id)
        assert section.term
    for term in TERMS:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", term.id)
        assert term.means.endswith((".", "?")), term
        assert len(term.means) < 480, f"{term.id} is no longer a word with its meaning"
        assert term.means.count("`") % 2 == 0


def test_what_templates_link_to_has_its_anchor() -> None:
    text = "".join(path.read_text("utf-8") for path in TEMPLATES)
    fixed = re.findall(r'\bterm\("([a-z-]+)",', text)
    built = re.findall(r'\bterm\("([a-z]+)-" ~ ', text)
    assert len(fixed) >= 10
    assert built
    assert set(fixed) <= set(IDS)
    assert set(built) <= set(SHOWN)
