"""Cedar as a system: a target of `compile` and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from remit.contracts.system import Feature, Meaningless, Works
from remit.model.native import Native
from remit.model.remit import Remit
from remit.systems.cedar.compile import policies

_A_LANGUAGE = "Cedar is a language for policies, not a place that holds identities"


class CedarSystem:
    """The read side of Cedar."""

    kind = "cedar"
    features: Mapping[str, Feature] = {
        "verbs": Meaningless("a Cedar policy names the actions of other systems"),
        "compile": Works(),
        "read": Meaningless(_A_LANGUAGE),
        "access": Meaningless(_A_LANGUAGE),
        "audit": Meaningless(_A_LANGUAGE),
        "change": Meaningless(_A_LANGUAGE),
        "credentials": Meaningless(_A_LANGUAGE),
    }

    def vocabulary(self) -> None:
        """Cedar has no actions of its own."""
        return

    def compile(self, remit: Remit) -> Native:
        """The remit as Cedar policies."""
        return policies(remit)


SYSTEM = CedarSystem()
