"""Lockers: two native actions, and a policy with a line `may VERB DOOR` or `not VERB DOOR` for each line of a remit."""

from __future__ import annotations

from collections.abc import Mapping

from remit.contracts.system import Feature, Impossible, Meaningless, NotBuilt, Vocabulary, Works
from remit.model.native import Native, Residue
from remit.model.remit import Capability, Never, Remit
from remit.model.verbs import Verb


class Lockers:
    """The plugin."""

    kind = "lockers"
    features: Mapping[str, Feature] = {
        "verbs": Works(),
        "compile": Works(),
        "read": NotBuilt("nobody has asked yet"),
        "access": NotBuilt("nobody has asked yet"),
        "audit": Impossible("a door keeps no log"),
        "change": NotBuilt("nobody has asked yet"),
        "credentials": Meaningless("a locker has a key and no login"),
    }

    def vocabulary(self) -> Vocabulary:
        """What one can do with a locker."""
        verbs = {"look into": Verb.READ, "put into": Verb.UPDATE, "empty": Verb.DELETE}
        return Vocabulary(kind="lockers", verbs=verbs, fold=str.lower, is_complete=True)

    def compile(self, remit: Remit) -> Native:
        """The remit as a list for the wall."""
        written, residue = [f"of {remit.agent}"], []
        for objective in remit.objectives:
            for number, line in enumerate(objective.can):
                why = why_not(line) or ("" if line.system.startswith("lockers:") else "it is about another system")
                if why:
                    residue.append(Residue(rule=f"objectives.{objective.name}.can[{number}]", line=line.line, why=why))
                else:
                    written.append(f"may {line.verb} {line.system} {line.resource}")
        for number, never in enumerate(remit.never):
            why = why_not(never) or ("the list has no hosts" if never.outside else "")
            if why:
                residue.append(Residue(rule=f"never[{number}]", line=never.line, why=why))
            else:
                written.append(f"not {never.verb} {never.system} {never.resource}")
        if remit.limits.calls is not None:
            residue.append(Residue(rule="limits.calls", line=remit.limits.calls.line, why="the wall counts nothing"))
        if remit.lifecycle.expires is not None:
            residue.append(Residue(rule="lifecycle.expires", line=0, why="the wall knows no date"))
        return Native(target="lockers", media_type="text/plain", text="\n".join(written), residue=tuple(residue))


def why_not(line: Capability | Never) -> str:
    """What the list cannot say about a line."""
    return "the list knows no arguments" if line.where else ""


SYSTEM = Lockers()
