"""sizes beyond 2 GiB, where a limit was raised; SQLite's numbers are as large as need be"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SIZES = (("deployment", "bundle_size"), ("output", "size"))


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column in SIZES:
            op.alter_column(table, column, type_=sa.BigInteger(), existing_nullable=False)
