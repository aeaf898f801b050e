"""What is sent to change something; `person` is who does it, recorded as claimed, on a local store alone."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Person = Annotated[str, Meta(min_length=1, max_length=320, examples=["dana@example.com"])]


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who does this. May be left out: then it is the operating-system user."""

    person: Person | None = None


class Stop(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quarantine, with the words of whoever orders it."""

    because: Annotated[str, Meta(min_length=1, max_length=2000, examples=["sends mail that nobody asked for"])]


class NewOwner(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to answer for an agent."""

    owner: Person


class NewRemit(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A remit, read and agreed with."""

    document: Annotated[str, Meta(min_length=1, examples=["remit: 1\nagent: cost-triage\n..."])]
    """The text of the remit file: YAML."""


class Acceptance(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a finding may stand, and until when."""

    because: Text
    until: Annotated[str, Meta(extra_json_schema={"format": "date"}, examples=["2027-01-31"])]
    """The last day, like `2027-01-31`."""


class NewScan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be read again."""

    connection: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """One connection, such as `aws:main`; left out: everything."""
