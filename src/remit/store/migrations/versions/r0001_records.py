"""Records, each version of each, and which one is current."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "remit_record",
        sa.Column("sequence", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("key", _WORD, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="1, 2, 3 ... of this key"),
        sa.Column("form", sa.SmallInteger(), nullable=False, comment="form of the body, by kind"),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="first 16 bytes of the SHA-256 of the body"),
        sa.Column("seen", _WORD, nullable=False, comment="when it was so, as whoever wrote it says"),
        sa.Column("recorded", _WORD, nullable=False, comment="when it was written; never goes back"),
        sa.Column("by", _WORD, nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="remit_record_pk"),
        sa.UniqueConstraint("kind", "key", "version", name="remit_record_kind_key_version_uq"),
    )
    op.create_index("remit_record_kind_sequence_ix", "remit_record", ["kind", "sequence"])
    op.create_index("remit_record_recorded_ix", "remit_record", ["recorded"])
    op.create_table(
        "remit_head",
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("key", _WORD, nullable=False),
        sa.Column("sequence", _NUMBER, nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["sequence"], ["remit_record.sequence"], name="remit_head_sequence_fk"),
        sa.PrimaryKeyConstraint("kind", "key", name="remit_head_pk"),
    )
