"""A cabinet in memory, and what plans about it are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from tests.kits.plugins.cabinet.system import HOLDER, Cabinet

from remit.model.access import NativeObject
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.event import Use
from remit.model.identity import Bound
from remit.remedy.situation import Ground, Situation

HOLDERS: Mapping[str, Any] = {
    "maid": {"drawers": {"linen": ["empty", "fill", "open"], "silver": ["open"]}, "locked": False, "keys": {"0a": True, "0b": True}},
    "cook": {"drawers": {"*": ["open"], "silver": ["empty", "fill"]}, "locked": False, "keys": {"9f": True}},
    "lady": {"drawers": {"*": ["open"]}, "locked": False, "keys": {"ff": True, "fe": True}, "traits": ["person"]},
    "butler": {"drawers": {"*": ["open"]}, "locked": False, "keys": {}, "traits": ["own"]},
    "ghost": {"drawers": {"*": ["open"]}, "locked": False, "keys": {}, "traits": ["protected"]},
}
N_USED, N_UNUSED, OUT, SPARE = Class.NEEDED_USED, Class.NEEDED_UNUSED, Class.USED_NOT_NEEDED, Class.UNNEEDED


def line(holder: str, action: str, drawer: str, class_: Class, **other: Any) -> AlignmentLine:
    return AlignmentLine(
        principal=f"cabinet:hall/{holder}", system="cabinet:hall", action=action, resource=drawer, class_=class_, why="beds", **other
    )


def use(holder: str, action: str, drawer: str, agent: str = "tidy", allowed: int = 3, **other: Any) -> Use:
    return Use(
        agent=agent,
        principal=f"cabinet:hall/{holder}",
        source="cabinet:hall",
        system="cabinet:hall",
        action=action,
        resource=drawer,
        first="2029-10-03T00:00:00Z",
        last="2029-12-31T00:00:00Z",
        allowed=allowed,
        denied=0,
        place="log:1",
        **other,
    )


class Household:
    """Puts a situation together."""

    def __init__(self) -> None:
        self.system = Cabinet()
        self.objects = [NativeObject(connection="cabinet:hall", kind=HOLDER, id=name, body=body) for name, body in HOLDERS.items()]

    def situation(
        self,
        lines: Mapping[str, Sequence[AlignmentLine]],
        bound: Sequence[tuple[str, str] | tuple[str, str, tuple[str, ...]]],
        uses: Sequence[Use] = (),
        drafts: Sequence[str] = (),
        forbids: Callable[[str, str, str], str] = lambda _system, _action, _resource: "",
        **ground: Any,
    ) -> Situation:
        return Situation(
            agent="tidy",
            bound=tuple(
                Bound(agent=one[0], principal=f"cabinet:hall/{one[1]}", because=(), key_fingerprints=one[2] if len(one) > 2 else ())
                for one in bound
            ),
            principals={principal.ref: principal for principal in self.system.principals(self.objects)},
            grounds={
                "cabinet:hall": Ground(
                    **{"system": self.system, "objects": self.objects, "has_log": True, "uses": uses, **ground}  # type: ignore[arg-type]
                )
            },
            alignments={
                agent: Alignment(agent=agent, is_from_draft=agent in drafts, remit_hash="sha256:1", lines=tuple(its))
                for agent, its in lines.items()
            },
            forbids=forbids,
        )


@pytest.fixture
def household() -> Household:
    return Household()
