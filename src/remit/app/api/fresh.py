"""Follows the remit files while the service runs, and denies when that is not possible any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from remit.app.remits import Policy, Remits

LOOK_SECONDS = 0.25
"""A changed file is in force within a second; a look costs one `stat` a file."""
STALE_SECONDS = 10.0
"""Nothing is allowed by remits that could not be looked at for this long."""


class FreshRemits:
    """The policy in force, as long as it is known to be the one on the disk."""

    def __init__(self, remits: Remits, report: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._remits = remits
        self._report = report
        self._clock = clock
        self._looked = clock()
        self._fault = ""

    def policy(self) -> Policy:
        """What is decided by now; with a fault that denies everybody where the files cannot be followed."""
        policy = self._remits.policy
        age = self._clock() - self._looked
        if age <= STALE_SECONDS and not self._fault:
            return policy
        fault = self._fault or f"the remit files could not be looked at for {age:.0f} seconds"
        return msgspec.structs.replace(policy, fault=fault)

    def look(self) -> None:
        """Takes over what changed."""
        started = self._clock()
        try:
            self._remits.refresh()
        except Exception as error:  # noqa: BLE001 - INVARIANT (stale policy denies): whatever stops the look is a fault
            fault = f"the remit files cannot be followed: {type(error).__name__}: {error}"
        else:
            fault = ""
        is_new = fault and fault != self._fault
        self._fault = fault
        self._looked = started
        if is_new:
            self._report(fault)

    async def follow(self) -> None:
        """Looks again and again, in a thread: a slow disk must not hold up decisions."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.look)


def broken(policy: Policy) -> dict[str, str]:
    """Agents whose remit cannot be used, and why."""
    return {slug: entry.fault for slug, entry in policy.index.entries.items() if entry.fault}
