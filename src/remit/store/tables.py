"""The tables of a store. What is true stands in `remit_record`, `remit_who`, `remit_act` and `remit_event`, which only grow.

Derived, and made anew by `Store.rebuild`:
- `remit_head`: which row of `remit_record` is the current one of a key;
- `remit_use`: events counted by agent, lane and act;
- `remit_who.agent`: whom a who is taken for, by the bindings of the moment.

Bookkeeping: `remit_source.cursor`, how far a log was read; `remit_version`, kept by Alembic.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "r0002"
"""The revision of these tables; a test compares it with the newest of `migrations/versions`."""
VERSION_TABLE = "remit_version"

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
        "uq": "%(table_name)s_%(column_0_N_name)s_uq",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
        "pk": "%(table_name)s_pk",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")
"""Integer, so that SQLite takes a primary key of it as the row's own number."""
Word = Text().with_variant(Text(collation="C"), "postgresql")
"""Compared byte by byte on every server, so that order and prefixes mean the same."""

record = Table(
    "remit_record",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("kind", Word, nullable=False),
    Column("key", Word, nullable=False),
    Column("version", Integer, nullable=False, comment="1, 2, 3 ... of this key"),
    Column("form", SmallInteger, nullable=False, comment="form of the body, by kind"),
    Column("body", Text, nullable=False, comment="JSON"),
    Column("digest", LargeBinary, nullable=False, comment="first 16 bytes of the SHA-256 of the body"),
    Column("seen", Word, nullable=False, comment="when it was so, as whoever wrote it says"),
    Column("recorded", Word, nullable=False, comment="when it was written; never goes back"),
    Column("by", Word, nullable=False),
    Column("is_gone", Boolean, nullable=False),
    UniqueConstraint("kind", "key", "version"),
    Index(None, "kind", "sequence"),
    Index(None, "recorded"),
)

head = Table(
    "remit_head",
    metadata,
    Column("kind", Word, primary_key=True),
    Column("key", Word, primary_key=True),
    Column("sequence", Number, ForeignKey(record.c.sequence), nullable=False),
    Column("is_gone", Boolean, nullable=False),
)

source = Table(
    "remit_source",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("name", Word, nullable=False, unique=True),
    Column("cursor", Text),
)

lane = Table(
    "remit_lane",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("source", Number, ForeignKey(source.c.number), nullable=False),
    Column("principal", Word, nullable=False),
    Column("credential", Word, nullable=False, comment="empty: none, or one of very many"),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Index(None, "source", "principal"),
    comment="what uses are told apart by besides the agent; bounded for each principal",
)

who = Table(
    "remit_who",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("lane", Number, ForeignKey(lane.c.number), nullable=False, index=True),
    Column("session", Word, nullable=False),
    Column("credential", Word, nullable=False),
    Column("said", Word, nullable=False, comment="the agent that the record itself names"),
    Column("agent", Word, nullable=False, index=True),
    Column("last", BigInteger, nullable=False, comment="time of its latest event, microseconds"),
    Column("digest", LargeBinary, nullable=False, unique=True),
)

act = Table(
    "remit_act",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("system", Word, nullable=False),
    Column("action", Word, nullable=False),
    Column("resource", Word, nullable=False),
    Column("columns", Word, nullable=False, comment="JSON list"),
    Column("digest", LargeBinary, nullable=False, unique=True),
)

event = Table(
    "remit_event",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("source", Number, ForeignKey(source.c.number), nullable=False),
    Column("id", Word, nullable=False),
    Column("who", Number, ForeignKey(who.c.number), nullable=False),
    Column("act", Number, ForeignKey(act.c.number), nullable=False),
    Column("happened", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    Column("result", SmallInteger, nullable=False, comment="0 allowed, 1 denied, 2 failed, 3 allowed and would be denied"),
    Column("place", Text, nullable=False),
    Column("detail", Text, comment="JSON: person, decision, outcome, would, because"),
    UniqueConstraint("source", "id"),
    Index(None, "who", "happened"),
    Index(None, "happened"),
)

use = Table(
    "remit_use",
    metadata,
    Column("agent", Word, primary_key=True),
    Column("lane", Number, ForeignKey(lane.c.number), primary_key=True, autoincrement=False),
    Column("act", Number, ForeignKey(act.c.number), primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("allowed", Integer, nullable=False),
    Column("denied", Integer, nullable=False),
    Column("would_deny", Integer, nullable=False),
    Column("latest", Number, ForeignKey(event.c.number), nullable=False, comment="the event at `last`"),
    Index(None, "lane"),
)
