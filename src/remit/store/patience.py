"""A connection to Postgres that waits so long for an answer, and no longer.

A server that cannot be reached says so; one that hangs (stopped, cut off by the network, behind somebody's lock) says nothing, and whoever
waits for it holds up whoever waits for them: decisions, pages, the end of the process. Invariant: a connection whose server said nothing
for that long is closed, so that no later question gets the answer of an earlier one.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

from sqlalchemy import Engine, event

NO_ANSWER = "the server does not answer"


def be_patient(engine: Engine, seconds: float) -> None:
    """Every connection of this engine, which is one of psycopg, fails when its server says nothing for so long."""
    from psycopg import Connection, OperationalError  # here: a store that is a file needs none of it

    class Patient(Connection[Any]):
        """Gives up."""

        def wait(self, gen: Generator[Any, Any, Any], *limits: Any, **named: Any) -> Any:
            """As it was, with an end."""
            return super().wait(self._bounded(gen), *limits, **named)

        def _bounded(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
            try:
                wanted = next(gen)
                until = time.monotonic() + seconds
                while True:
                    ready = yield wanted
                    now = time.monotonic()
                    if ready:
                        until = now + seconds
                    elif now > until:
                        self.pgconn.finish()
                        raise OperationalError(NO_ANSWER)
                    wanted = gen.send(ready)
            except StopIteration as end:
                return end.value

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, given: Any, named: Any) -> Any:
        return Patient.connect(*given, **named)
