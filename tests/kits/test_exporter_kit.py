"""The exporter kit on every exporter, found by its folder alone; and the kit itself, on exporters that do one thing wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from remit.contracts import registry
from remit.contracts.exporter import Exporter
from remit.model.notice import Notice
from remit.testing.kits.exporter import violations

EXPORTERS: dict[str, Any] = registry.find("EXPORTER")
WEBHOOK = EXPORTERS["webhook"]


@pytest.mark.parametrize("name", sorted(EXPORTERS))
def test_the_exporter_passes_the_kit(name: str) -> None:
    assert EXPORTERS[name].name == name
    assert violations(EXPORTERS[name], json.loads) == []


class Other:
    """The webhook, doing one thing wrong."""

    name = "webhook"

    def __init__(self, form: Callable[[Notice], bytes], drops: Any = None) -> None:
        self.form = form
        self.drops = WEBHOOK.drops if drops is None else drops

    open = WEBHOOK.open


def unsteady() -> Exporter:
    turn = iter(range(100_000))
    return Other(lambda notice: json.dumps([json.loads(WEBHOOK.form(notice)), next(turn)]).encode())


def pasted(notice: Notice) -> bytes:
    said = notice.denied.because if notice.denied is not None else notice.finding.title if notice.finding is not None else ""
    return ('{"said":"' + said + '","all":' + WEBHOOK.form(notice).decode() + "}").encode("utf-8", "replace")


WRONG = {
    "has another form the second time": unsteady(),
    "fails with": Other(pasted),
    "have one form": Other(lambda notice: b"{}"),
    "neither told nor named": Other(WEBHOOK.form, {}),
    "which is no field": Other(WEBHOOK.form, {"Event": {"nothing"}, "Finding": {"nothing"}}),
    "named in `drops` and told": Other(WEBHOOK.form, {"Event": {*WEBHOOK.drops["Event"], "because"}, "Finding": WEBHOOK.drops["Finding"]}),
    "does not come out as it was": Other(lambda notice: WEBHOOK.form(notice).replace(b"script", b"x")),
}


@pytest.mark.parametrize("told", WRONG)
def test_the_kit_tells_what_is_wrong(told: str) -> None:
    assert any(told in problem for problem in violations(WRONG[told], json.loads))
