"""Every detection, found by its folder alone: its cases say when it fires, and the kit proves what holds for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec
import pytest
from tests.kits.detection_cases import FOLDER, cases, window_of

from remit.contracts import registry
from remit.contracts.detection import Rule, Window
from remit.model.finding import Spotted
from remit.testing.kits.detection import violations

DETECTIONS = {module.RULE.id: module for module in registry.find("RULE").values()}
CASES = [(rule, name, case) for rule in sorted(DETECTIONS) for name, case in cases(rule)]


def test_every_rule_of_the_issue_is_there() -> None:
    assert {
        "out-of-intent", "used-not-needed", "no-owner", "persons-key", "shared-identity", "copy", "expired-grant", "dormant",
    } <= DETECTIONS.keys()  # fmt: skip


def test_every_folder_of_cases_belongs_to_a_rule() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == DETECTIONS.keys()


@pytest.mark.parametrize(("rule", "name", "case"), CASES, ids=[f"{rule}: {name}" for rule, name, _ in CASES])
def test_a_case(rule: str, name: str, case: dict[str, Any]) -> None:
    found = sorted(DETECTIONS[rule].detect(window_of(case)), key=lambda item: (item.agent, item.key))
    wanted = case.get("finds", [])
    assert [item.agent for item in found] == [one["agent"] for one in wanted], f"{case['it']}: {found}"
    for item, one in zip(found, wanted, strict=True):
        assert one.get("key", "") in item.key
        assert one.get("says", "") in item.title
        assert one.get("remedy", "") in item.remedy
        assert one.get("others", list(item.others)) == list(item.others)
        assert one.get("remedy_without") is None or one["remedy_without"] not in item.remedy
        severity = item.severity or DETECTIONS[rule].RULE.severity
        assert severity == one.get("severity", severity)
        assert any(one.get("evidence", "") in place for place in item.evidence)
        assert bool(item.hangs_on) is one.get("hangs_on", bool(item.hangs_on))


@pytest.mark.parametrize("rule", sorted(DETECTIONS))
def test_the_rule_passes_the_kit(rule: str) -> None:
    assert violations(DETECTIONS[rule], [window_of(case) for _, case in cases(rule)]) == []


# --- the kit itself ----------------------------------------------------------------------------------------------------------------------

NO_OWNER = [window_of(case) for _, case in cases("no-owner")]


def variant(**changes: Any) -> ModuleType:
    """The rule `no-owner`, doing one thing wrong."""
    base = DETECTIONS["no-owner"]
    module = ModuleType(changes.pop("name", "x.no_owner"))
    module.RULE = msgspec.structs.replace(base.RULE, **changes.pop("rule", {}))  # type: ignore[attr-defined]
    module.detect = changes.pop("detect", base.detect)  # type: ignore[attr-defined]
    return module


def changed(**fields: Any) -> Any:
    def detect(window: Window) -> Iterator[Spotted]:
        for item in DETECTIONS["no-owner"].detect(window):
            yield msgspec.structs.replace(item, **fields)

    return detect


def always(window: Window) -> Iterator[Spotted]:
    for slug in window.agents:
        yield Spotted(agent=slug, key="x", title="so", evidence=(str(window.agents[slug].agent.place),))


def ordered(window: Window) -> Iterator[Spotted]:
    for slug in list(window.agents)[:1]:
        yield Spotted(agent=slug, key="x", title="so", evidence=(str(window.agents[slug].agent.place),))


def twice(window: Window) -> Iterator[Spotted]:
    found = list(DETECTIONS["no-owner"].detect(window))
    yield from found
    yield from found


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (ModuleType("x.no_owner"), "no `RULE`"),
        (variant(name="x.other"), "not the name of its file"),
        (variant(rule={"title": "A title."}), "no line without a full stop"),
        (variant(rule={"why": "bad"}), "does not say"),
        (variant(rule={"severity": "grave"}), "its severity is none"),
        (variant(rule={"remedy": "do something"}), "names no command"),
        (variant(rule={"remedy": "`remit conjure AGENT`"}), "which is no command"),
        (variant(detect=lambda _: iter(())), "never seen to fire"),
        (variant(detect=always), "nothing shows that it can be silent"),
        (variant(detect=ordered), "in another order"),
        (variant(detect=twice), "have the key"),
        (variant(detect=changed(agent="stranger")), "no agent of the window"),
        (variant(detect=changed(others=("stranger",))), "is no other agent of the window"),
        (variant(detect=changed(key="")), "has no key"),
        (variant(detect=changed(evidence=())), "has no evidence"),
        (variant(detect=changed(evidence=("made/up.py:1",))), "is not in the window"),
        (variant(detect=changed(remedy="`remit conjure`")), "which is no command"),
    ],
)
def test_the_kit_tells_what_is_wrong(module: ModuleType, told: str) -> None:
    assert any(told in problem for problem in violations(module, NO_OWNER)), violations(module, NO_OWNER)


def test_a_rule_has_words_for_people() -> None:
    for module in DETECTIONS.values():
        rule: Rule = module.RULE
        assert "AGENT" in rule.remedy
