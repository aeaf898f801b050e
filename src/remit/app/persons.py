"""Who does something: the claimed person on a local store, else the operating-system user.

Invariants:
- a claim proves nothing, so on a store that others share nobody claims to be somebody;
- what is recorded is one line of text that can be shown.
"""

from __future__ import annotations

import os
import pwd

from remit.model.errors import UsageError

MAX_CHARS = 320
"""As many as a mail address may have."""


def operating_system_user() -> str:
    """The name of the user whose process this is."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def acting(claimed: str | None, os_user: str, *, is_local: bool, called: str) -> str:
    """Who is recorded; raises UsageError for a claim that is none, or that this store does not take. `called` names where it is written."""
    if claimed is None:
        return os_user
    name = claimed.strip()
    if not name:
        raise UsageError(f"{called} is empty; write a person, such as `dana@example.com`")
    if not is_local:
        raise UsageError(f"{called} works on a local store only: on a shared one a claim proves nothing")
    if len(name) > MAX_CHARS or not name.isprintable():
        raise UsageError(f"{called} is no name: one line of at most {MAX_CHARS} characters that can be printed")
    return name
