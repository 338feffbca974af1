"""kinds of app, package lists, rendered documents"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deployment", schema=None) as table:
        table.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="shiny"))
        table.add_column(sa.Column("entry", sa.String(), nullable=False, server_default="app.R"))
        table.add_column(sa.Column("why", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("origin", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("r_version", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("drift", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("notices", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("inventory", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "output",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("spec_hash", sa.String(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("output", schema=None) as table:
        table.create_index(table.f("ix_output_deployment_id"), ["deployment_id"], unique=False)
    with op.batch_alter_table("release", schema=None) as table:
        table.add_column(sa.Column("output_id", sa.Integer(), nullable=True))
        table.create_foreign_key("release_output", "output", ["output_id"], ["id"])
    with op.batch_alter_table("instance", schema=None) as table:
        table.add_column(sa.Column("output_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("rendering", sa.JSON(), nullable=False, server_default="{}"))
        table.create_foreign_key("instance_output", "output", ["output_id"], ["id"])
