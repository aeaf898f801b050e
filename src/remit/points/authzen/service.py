"""The evaluation routes without HTTP: a body goes in, a status and a body come out.

Both ways into the service use it: the ASGI application beside this file and the server's short way for single evaluations.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from remit.contracts.point import Decide
from remit.model.decision import Decision
from remit.points.authzen.batch import Batch
from remit.points.authzen.evaluation import answer, read_evaluation, read_evaluations
from remit.points.authzen.strict import MalformedError
from remit.points.authzen.wire import Answers, Fault, Metadata

EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"
METADATA = "/.well-known/authzen-configuration"

Respond = Callable[[int, bytes], None]
"""Takes an HTTP status and a JSON body; it must not raise."""
_ENCODE = msgspec.json.Encoder().encode


class Service:
    """AuthZEN's evaluation and evaluations over one `Decide`."""

    def __init__(self, decide: Decide) -> None:
        self.batch = Batch(decide)

    def evaluation(self, body: bytes, respond: Respond) -> None:
        """Answers one evaluation, at the end of this tick of the event loop."""
        try:
            request = read_evaluation(body)
        except MalformedError as error:
            respond(400, fault(str(error)))
            return
        self.batch.ask((request,), lambda decisions: respond(200, _ENCODE(answer(decisions[0]))))

    def evaluations(self, body: bytes, respond: Respond) -> None:
        """Answers a list of evaluations, or one where there is no list."""
        try:
            asked = read_evaluations(body)
        except MalformedError as error:
            respond(400, fault(str(error)))
            return
        if not isinstance(asked, tuple):
            self.batch.ask((asked,), lambda decisions: respond(200, _ENCODE(answer(decisions[0]))))
            return
        requests, semantic = asked
        if semantic == "execute_all":
            self.batch.ask(requests, lambda decisions: respond(200, _list(decisions)))
        else:
            self.batch.flush()  # those that asked first are decided first, and limits count in that order
            respond(200, _list(self.batch.ask_until(requests, semantic)))


def metadata(base: str) -> bytes:
    """The metadata document of a service that answers at `base`, such as `http://127.0.0.1:8686`."""
    return _ENCODE(
        Metadata(
            policy_decision_point=base,
            access_evaluation_endpoint=base + EVALUATION,
            access_evaluations_endpoint=base + EVALUATIONS,
        )
    )


def fault(why: str) -> bytes:
    """The body of an answer that is no decision."""
    return _ENCODE(Fault(error=why))


def _list(decisions: list[Decision]) -> bytes:
    return _ENCODE(Answers(evaluations=[answer(decision) for decision in decisions]))
