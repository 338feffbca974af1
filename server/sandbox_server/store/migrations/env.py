"""Alembic's entry: migrate over the connection that `store.migrate` hands in."""

from alembic import context
from sqlmodel import SQLModel

from sandbox_server.store import tables, tables_review, tables_seen  # noqa: F401 - registers the tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
