"""Events, who took them and what they were, and the uses that count them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "remit_source",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("name", _WORD, nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="remit_source_pk"),
        sa.UniqueConstraint("name", name="remit_source_name_uq"),
    )
    op.create_table(
        "remit_lane",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("source", _NUMBER, nullable=False),
        sa.Column("principal", _WORD, nullable=False),
        sa.Column("credential", _WORD, nullable=False, comment="empty: none, or one of very many"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["remit_source.number"], name="remit_lane_source_fk"),
        sa.PrimaryKeyConstraint("number", name="remit_lane_pk"),
        sa.UniqueConstraint("digest", name="remit_lane_digest_uq"),
        comment="what uses are told apart by besides the agent; bounded for each principal",
    )
    op.create_index("remit_lane_source_principal_ix", "remit_lane", ["source", "principal"])
    op.create_table(
        "remit_who",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("lane", _NUMBER, nullable=False),
        sa.Column("session", _WORD, nullable=False),
        sa.Column("credential", _WORD, nullable=False),
        sa.Column("said", _WORD, nullable=False, comment="the agent that the record itself names"),
        sa.Column("agent", _WORD, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False, comment="time of its latest event, microseconds"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["lane"], ["remit_lane.number"], name="remit_who_lane_fk"),
        sa.PrimaryKeyConstraint("number", name="remit_who_pk"),
        sa.UniqueConstraint("digest", name="remit_who_digest_uq"),
    )
    op.create_index("remit_who_agent_ix", "remit_who", ["agent"])
    op.create_index("remit_who_lane_ix", "remit_who", ["lane"])
    op.create_table(
        "remit_act",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("system", _WORD, nullable=False),
        sa.Column("action", _WORD, nullable=False),
        sa.Column("resource", _WORD, nullable=False),
        sa.Column("columns", _WORD, nullable=False, comment="JSON list"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="remit_act_pk"),
        sa.UniqueConstraint("digest", name="remit_act_digest_uq"),
    )
    op.create_table(
        "remit_event",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("source", _NUMBER, nullable=False),
        sa.Column("id", _WORD, nullable=False),
        sa.Column("who", _NUMBER, nullable=False),
        sa.Column("act", _NUMBER, nullable=False),
        sa.Column("happened", sa.BigInteger(), nullable=False, comment="microseconds since 1970, UTC"),
        sa.Column("result", sa.SmallInteger(), nullable=False, comment="0 allowed, 1 denied, 2 failed, 3 allowed and would be denied"),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True, comment="JSON: person, decision, outcome, would, because"),
        sa.ForeignKeyConstraint(["act"], ["remit_act.number"], name="remit_event_act_fk"),
        sa.ForeignKeyConstraint(["source"], ["remit_source.number"], name="remit_event_source_fk"),
        sa.ForeignKeyConstraint(["who"], ["remit_who.number"], name="remit_event_who_fk"),
        sa.PrimaryKeyConstraint("number", name="remit_event_pk"),
        sa.UniqueConstraint("source", "id", name="remit_event_source_id_uq"),
    )
    op.create_index("remit_event_happened_ix", "remit_event", ["happened"])
    op.create_index("remit_event_who_happened_ix", "remit_event", ["who", "happened"])
    op.create_table(
        "remit_use",
        sa.Column("agent", _WORD, nullable=False),
        sa.Column("lane", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("act", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("denied", sa.Integer(), nullable=False),
        sa.Column("would_deny", sa.Integer(), nullable=False),
        sa.Column("latest", _NUMBER, nullable=False, comment="the event at `last`"),
        sa.ForeignKeyConstraint(["act"], ["remit_act.number"], name="remit_use_act_fk"),
        sa.ForeignKeyConstraint(["lane"], ["remit_lane.number"], name="remit_use_lane_fk"),
        sa.ForeignKeyConstraint(["latest"], ["remit_event.number"], name="remit_use_latest_fk"),
        sa.PrimaryKeyConstraint("agent", "lane", "act", name="remit_use_pk"),
    )
    op.create_index("remit_use_lane_ix", "remit_use", ["lane"])
