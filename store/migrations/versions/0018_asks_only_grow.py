"""Asks only grow, as decisions do: who was asked to sign beside the first signer is never changed or taken back."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Make the triggers."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER asks_no_{act.lower()} BEFORE {act} ON asks "
                "BEGIN SELECT RAISE(ABORT, 'asks can only grow'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION asks_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'asks can only grow'; END $$"
    )
    op.execute(
        "CREATE TRIGGER asks_only_grows BEFORE UPDATE OR DELETE ON asks FOR EACH ROW EXECUTE FUNCTION asks_only_grows()"
    )
