"""Seeded errors: rounds with one known error, of which nothing can reach the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_HERE = (
    "SELECT 1 FROM items JOIN seeded_errors ON seeded_errors.run_id = items.run_id WHERE items.item_id = NEW.item_id"
)
_NEVER = "nothing of a seeded round can be written"
_STAYS = "a seeded round stays one"


def upgrade() -> None:
    """Make the table, and the triggers that keep its rounds out of the outbox, whatever the program does."""
    op.create_table(
        "seeded_errors",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("copy_of", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("text_sha256", sa.Text(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("decided", sa.Text()),
        sa.PrimaryKeyConstraint("run_id", name="pk_seeded_errors"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_seeded_errors_run_id"),
        sa.ForeignKeyConstraint(["copy_of"], ["items.item_id"], name="fk_seeded_errors_copy_of"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for act in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER outbox_not_seeded_{act.lower()} BEFORE {act} ON outbox WHEN EXISTS ({_HERE}) "
                f"BEGIN SELECT RAISE(ABORT, '{_NEVER}'); END"
            )
        op.execute(
            "CREATE TRIGGER seeded_errors_no_delete BEFORE DELETE ON seeded_errors "
            f"BEGIN SELECT RAISE(ABORT, '{_STAYS}'); END"
        )
        op.execute(
            "CREATE TRIGGER seeded_errors_same_round BEFORE UPDATE OF run_id ON seeded_errors "
            f"BEGIN SELECT RAISE(ABORT, '{_STAYS}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION outbox_not_seeded() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF EXISTS ({_HERE}) THEN RAISE EXCEPTION '{_NEVER}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER outbox_not_seeded BEFORE INSERT OR UPDATE ON outbox "
        "FOR EACH ROW EXECUTE FUNCTION outbox_not_seeded()"
    )
    op.execute(
        "CREATE FUNCTION seeded_errors_stay() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_STAYS}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER seeded_errors_stay BEFORE DELETE OR UPDATE OF run_id ON seeded_errors "
        "FOR EACH ROW EXECUTE FUNCTION seeded_errors_stay()"
    )
