"""What the approved versions of one agent are worth: which is in force, and why one is not.

Decides by what is signed alone, so that whoever can write to the store cannot make a remit count. Invariants:
- the newest version is in force, or nothing is: an older one never takes its place by itself;
- a version counts for the agent, and under the number, that stand in its document and its key;
- a version that was signed before another one, or whose signature stands on another one too, was put there again: it does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from remit.app.signing import why_not
from remit.document.canonical import content_hash
from remit.document.parse import parse_or_raise
from remit.model.errors import DocumentError, RefusedError
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.model.standing import ApprovedRemit
from remit.store.records import Damaged, Store

Versions = Sequence[ApprovedRemit | Damaged]
"""Those of one agent, the newest last."""


def versions_by_agent(store: Store, agent: str = "") -> dict[str, list[ApprovedRemit | Damaged]]:
    """The versions of every agent by slug, or of one; one that cannot be read costs no other."""
    found: dict[str, list[ApprovedRemit | Damaged]] = {}
    for key, version in store.each(ApprovedRemit, prefix=f"{agent}@" if agent else ""):
        found.setdefault(key.rpartition("@")[0], []).append(version)
    return found


def in_force(slug: str, versions: Versions, trusted: frozenset[str], folder: Path) -> Remit:
    """The remit of the newest version; raises RefusedError or DocumentError where it does not count."""
    newest = versions[-1]
    if isinstance(newest, Damaged):
        raise RefusedError(newest.why)
    if why := why_not(newest, trusted, folder):
        raise RefusedError(why)
    remit = parse_or_raise(newest.document.encode("utf-8", "surrogatepass"), newest.path)
    if content_hash(remit) != newest.hash or remit.agent != slug or newest.agent != slug:
        raise RefusedError(f"{_shown(slug, newest)} is not the text that was approved: approve the file again")
    if why := _why_put_again(slug, newest, versions[:-1]):
        raise RefusedError(why)
    return msgspec.structs.replace(remit, is_signed=True)


def last_that_counts(slug: str, versions: Versions, trusted: frozenset[str], folder: Path) -> Remit | None:
    """The newest version that would count if those after it were not there: its approvers approve the next one."""
    for length in range(len(versions), 0, -1):
        try:
            return in_force(slug, versions[:length], trusted, folder)
        except (RefusedError, DocumentError):
            continue
    return None


def signed_not_before(at: str, versions: Versions) -> str:
    """The time to sign the next version with: this one, or the last version's where the clock went back."""
    return max([at, *(version.at for version in versions if isinstance(version, ApprovedRemit))])


def _why_put_again(slug: str, newest: ApprovedRemit, others: Versions) -> str:
    for other in others:
        if not isinstance(other, ApprovedRemit):
            continue
        if other.version >= newest.version:
            return f"{_shown(slug, newest)} stands beside a version {other.version}: approve the file again"
        if other.signature == newest.signature or other.at > newest.at:
            return f"{_shown(slug, newest)} was signed before version {other.version}, and put there again: approve the file again"
    return ""


def _shown(slug: str, version: ApprovedRemit) -> str:
    return f"version {version.version} of the remit of `{printable(slug)}`"
