"""Owners and approvals: what people settle about an agent, checked, signed and kept."""

from __future__ import annotations

from pathlib import Path, PurePath

import msgspec

from remit.app.approvals import in_force, signed_not_before
from remit.app.current import Current
from remit.app.signing import sign, trusted_keys
from remit.document.nodes import MAX_BYTES
from remit.document.parse import parse_or_raise
from remit.govern import lifecycle
from remit.model.errors import RefusedError, UsageError
from remit.model.masking import without_secrets
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.model.standing import ApprovedRemit, Ownership, Standing


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """What an approval came to."""

    remit: Remit
    version: ApprovedRemit
    is_new: bool
    """False: this very version was in force already."""
    standing: Standing


def set_owner(current: Current, identifier: str, person: str, by: str, at: str) -> Ownership:
    """Makes a person answer for an agent."""
    if not person.strip() or len(person) > 320 or not person.isprintable():
        raise UsageError("PERSON is empty or no name; write a person, such as `dana@example.com`")
    known = current.known(identifier)
    if current.state(known.agent.id) == "retired":
        raise RefusedError(f"agent `{known.agent.id}` is retired, for good: it needs no owner")
    ownership = Ownership(agent=known.agent.id, person=person.strip(), since=at, by=by)
    before = current.owners.get(known.agent.id)
    if before is not None and before.person == ownership.person:
        return before
    current.store.put(ownership, seen=at, by=by)
    current.refresh()
    return ownership


def approve(current: Current, path: Path, person: str, os_user: str, at: str) -> Approved:
    """Approves a remit file as the next version; the same hash again changes nothing. Raises DocumentError or RefusedError."""
    return approve_text(current, _read(path), str(path), person, os_user, at)


def approve_text(current: Current, text: bytes, path: str, person: str, os_user: str, at: str, number: int | None = None) -> Approved:
    """As `approve`, for a document at hand; `path` is what its places are told by.

    `number` is the version that it was meant to be when it was written: RefusedError where another one has come in between.
    """
    remit = parse_or_raise(text, path)
    _check_holds_no_secret(text.decode("utf-8"), path)
    known = current.known(remit.agent)
    slug = known.agent.id
    store = current.store
    with store.exclusive("approve"):
        current.refresh()
        followed = current.remit_to_follow(slug)
        known_versions = current.versions.get(slug, [])
        at = signed_not_before(at, known_versions)
        standing = current.standings.get(slug) or lifecycle.discovered(slug, at)
        moved = lifecycle.approved(standing, at, person, f"version of {PurePath(path).name} approved")
        if slug in current.remits and current.remits[slug].hash == remit.hash:
            return Approved(remit=remit, version=current.approved[slug], is_new=False, standing=standing)
        if number is not None:
            check_is_next(current, slug, number)
        lifecycle.may_approve(person, remit, followed, current.owners.get(slug))
        signature, key = sign(store, remit.hash, person, os_user, at)
        version = ApprovedRemit(
            agent=slug,
            version=len(known_versions) + 1,
            hash=remit.hash,
            document=text.decode("utf-8"),
            path=path,
            by=person,
            os_user=os_user,
            at=at,
            signature=signature,
            key=key,
        )
        in_force(slug, [*known_versions, version], trusted_keys(store.folder), store.folder)
        with store.transaction():
            store.put(version, seen=at, by=person)
            store.put(moved, seen=at, by=person)
        current.refresh()
    return Approved(remit=remit, version=version, is_new=True, standing=moved)


def check_is_next(current: Current, slug: str, number: int) -> None:
    """Raises RefusedError where a version was approved since a text was begun: it would be taken back without anybody saying so."""
    known = current.versions.get(slug, [])
    if len(known) + 1 == number:
        return
    newest = known[-1] if known and isinstance(known[-1], ApprovedRemit) else None
    by = f" by {printable(newest.by, 320)}" if newest is not None else ""
    raise RefusedError(
        f"version {len(known)} was approved{by} since this text was begun, and this text would replace it; "
        "read what it changed, take it over, and approve again"
    )


def _check_holds_no_secret(text: str, path: str) -> None:
    kept = without_secrets(text)
    if kept != text:
        lines = zip(text.split("\n"), kept.split("\n"), strict=True)
        line = next(number for number, (before, after) in enumerate(lines, 1) if before != after)
        raise RefusedError(
            f"{printable(path, 1000)}:{line}: holds what looks like a password or a key, and an approved remit is kept for good: "
            "take it out, and change it where it is in use"
        )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "its name is not one"
        raise RefusedError(f"`{printable(str(path), 1000)}` cannot be read: {why.lower()}") from error
