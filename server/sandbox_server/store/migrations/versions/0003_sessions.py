"""sessions: drains, shares, figures, visits, notices, warm instances, lifetimes"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("app", schema=None) as table:
        for name in ("used_at", "asleep_since"):
            table.add_column(_time(name, nullable=True))
    with op.batch_alter_table("branch", schema=None) as table:
        for name in ("touched_at", "gone_since", "warned_at"):
            table.add_column(_time(name, nullable=True))
        table.add_column(sa.Column("gone_why", sa.String(), nullable=False, server_default=""))
    _touch()
    with op.batch_alter_table("deployment", schema=None) as table:
        table.add_column(sa.Column("bookmarks", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(_time("used_at", nullable=True))
        table.add_column(sa.Column("library", sa.String(), nullable=False, server_default=""))
        table.drop_column("awake_until")
    with op.batch_alter_table("release", schema=None) as table:
        table.add_column(sa.Column("share", sa.Integer(), nullable=False, server_default="100"))
        table.add_column(sa.Column("base", sa.Integer(), nullable=True))
        table.add_column(sa.Column("plan", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("instance", schema=None) as table:
        table.add_column(sa.Column("drains_why", sa.String(), nullable=False, server_default=""))
        table.add_column(_time("drain_until", nullable=True))
        table.add_column(_time("move_at", nullable=True))
        table.add_column(sa.Column("counted", sa.JSON(), nullable=False, server_default="{}"))
        table.create_index(table.f("ix_instance_state"), ["state"])
    _counter()
    _warm()
    _metric()
    _fault()
    _visit()
    _notice()


def _touch() -> None:
    """The newest push or use that is known: nobody hears of a removal because nothing was kept so far."""
    op.execute(
        "UPDATE branch SET touched_at = (SELECT max(CASE WHEN awake_until > created_at THEN awake_until "
        "ELSE created_at END) FROM deployment WHERE deployment.branch_id = branch.id)"
    )


def _counter() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _warm() -> None:
    op.create_table(
        "warm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("library", sa.String(), nullable=False),
        sa.Column("image", sa.String(), nullable=False),
        sa.Column("packages", sa.JSON(), nullable=False),
        sa.Column("memory", sa.BigInteger(), nullable=False),
        sa.Column("cpus", sa.Float(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("address"),
    )
    op.create_index("ix_warm_library", "warm", ["library"])


def _metric() -> None:
    op.create_table(
        "metric",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("span", sa.String(), nullable=False),
        _time("at"),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deployment_id", "scope", "span", "at"),
    )
    op.create_index("ix_metric_deployment_id", "metric", ["deployment_id"])
    op.create_index("ix_metric_at", "metric", ["at"])


def _fault() -> None:
    op.create_table(
        "fault",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        _time("first_at"),
        _time("last_at"),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deployment_id", "scope", "place", "kind"),
    )
    op.create_index("ix_fault_deployment_id", "fault", ["deployment_id"])


def _visit() -> None:
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("app_id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        _time("at"),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"]),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_visit_app_id", "visit", ["app_id"])
    op.create_index("ix_visit_at", "visit", ["at"])


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("app_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        _time("at"),
        _time("settled_at", nullable=True),
        _time("told_at", nullable=True),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("all_told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_notice_app_id", "notice", ["app_id"])
    op.create_index("ix_notice_all_told", "notice", ["all_told"])
