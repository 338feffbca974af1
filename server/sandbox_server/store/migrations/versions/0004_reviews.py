"""reviews: links, verdicts, comments, gates; what was released against them"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _line(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.String(), nullable=False)


def _text(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.Text(), nullable=False)


def _json(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.JSON(), nullable=False)


def _leads_to(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"])


def _found_by(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])


def upgrade() -> None:
    with op.batch_alter_table("user", schema=None) as table:
        table.add_column(sa.Column("email", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("release", schema=None) as table:
        table.add_column(sa.Column("override", sa.JSON(), nullable=False, server_default="[]"))
    _review()
    _verdict()
    _comment()
    _gate()


def _review() -> None:
    op.create_table(
        "review",
        _number("id"),
        _number("app_id"),
        _number("branch_id"),
        _number("deployment_id"),
        _line("name"),
        _line("email"),
        _line("nonce"),
        _text("script"),
        _line("by"),
        _time("created_at"),
        _time("expires_at"),
        _time("revoked_at", nullable=True),
        _line("revoked_by"),
        _json("letter"),
        _time("code_at", nullable=True),
        _number("code_tries"),
        _json("codes"),
        _leads_to("app_id", "app"),
        _leads_to("branch_id", "branch"),
        _leads_to("deployment_id", "deployment"),
        sa.PrimaryKeyConstraint("id"),
    )
    _found_by("review", "app_id", "branch_id")


def _verdict() -> None:
    op.create_table(
        "verdict",
        _number("id"),
        _number("app_id"),
        _number("deployment_id"),
        _number("review_id"),
        _line("outcome"),
        _line("name"),
        _line("email"),
        _line("user"),
        _line("identified"),
        _text("text"),
        _text("meaning"),
        _line("image"),
        _number("variables_at"),
        _json("steps"),
        _time("created_at"),
        _leads_to("app_id", "app"),
        _leads_to("deployment_id", "deployment"),
        _leads_to("review_id", "review"),
        sa.PrimaryKeyConstraint("id"),
    )
    _found_by("verdict", "app_id", "deployment_id", "review_id")


def _comment() -> None:
    op.create_table(
        "comment",
        _number("id"),
        _number("app_id"),
        _number("branch_id"),
        _number("deployment_id"),
        _number("review_id", nullable=True),
        _number("parent_id", nullable=True),
        _line("key"),
        _line("name"),
        _line("user"),
        _text("text"),
        _json("place"),
        _line("picture"),
        _line("picture_state"),
        _text("picture_why"),
        _json("log"),
        _time("created_at"),
        _time("resolved_at", nullable=True),
        _line("resolved_by"),
        _leads_to("app_id", "app"),
        _leads_to("branch_id", "branch"),
        _leads_to("deployment_id", "deployment"),
        _leads_to("review_id", "review"),
        _leads_to("parent_id", "comment"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("review_id", "key"),
    )
    _found_by("comment", "parent_id")
    for name, *columns in (
        ("comment_listed", "app_id", "parent_id", "id", "branch_id", "review_id"),
        ("comment_open", "app_id", "parent_id", "resolved_at", "branch_id", "review_id", "id"),
        ("comment_sent", "review_id", "created_at"),
        ("comment_picture", "app_id", "picture"),
    ):
        op.create_index(name, "comment", columns)


def _gate() -> None:
    op.create_table(
        "gate",
        _number("id"),
        _number("app_id"),
        _json("gates"),
        _number("deployment_id", nullable=True),
        _number("release", nullable=True),
        _line("by"),
        _text("reason"),
        _time("created_at"),
        _leads_to("app_id", "app"),
        _leads_to("deployment_id", "deployment"),
        sa.PrimaryKeyConstraint("id"),
    )
    _found_by("gate", "app_id")
