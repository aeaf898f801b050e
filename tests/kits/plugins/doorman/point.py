"""`agent TAB system TAB action TAB arguments as JSON` in; `come in`, or the reason why not, out."""

from __future__ import annotations

import json
from collections.abc import Iterable

from remit.contracts.point import Decide, Seen
from remit.model.decision import Outcome, Request
from remit.model.shown import printable


def answer(decide: Decide, line: str) -> str:
    """What the doorman says to a line."""
    try:
        agent, system, action, text = line.split("\t")
        arguments = json.loads(text)
        if not isinstance(arguments, dict):
            return "no: the arguments are no object"
        request = Request(agent=agent, system=system, action=json.loads(action), resource=json.loads(action), arguments=arguments)
        (decision,) = decide([request])
    except Exception as error:
        return f"no: {type(error).__name__}"
    if decision.outcome is Outcome.ALLOW:
        return "come in"
    return f"no: {printable(request.action)}: {decision.because} ({decision.path}:{decision.line})"


class Doorman:
    """The plugin."""

    name = "doorman"

    def ask(self, decide: Decide, request: Request) -> Seen:
        """The request as a line."""
        said = answer(decide, "\t".join((request.agent, request.system, json.dumps(request.action), json.dumps(dict(request.arguments)))))
        return Seen(said == "come in", said)

    def garbage(self, decide: Decide) -> Iterable[tuple[str, Seen]]:
        """Lines that say nothing."""
        for line in ("", "let me in", "a\tb\tc", 'a\tmcp:b\t"c"\t[]', "\t".join("abcde"), 'a\tmcp:b\t"c"\t{'):
            said = answer(decide, line)
            yield repr(line), Seen(said == "come in", said)


POINT = Doorman()
