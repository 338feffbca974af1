"""Bring the database to the present form."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlmodel import SQLModel

from sandbox_server.store.engine import Store


async def migrate(store: Store, to: str = "head") -> None:
    """Apply what is missing up to this version; nothing if nothing is. Raises `StoreUnavailable`."""
    async with store.read():
        pass  # says in words that nobody answers, or that it is not let in
    async with store.engine.begin() as connection:
        await connection.run_sync(_upgrade, to)


async def differences(store: Store) -> list[object]:
    """What the migrations leave undone, compared with the tables in the code: empty, if they are complete."""
    async with store.engine.connect() as connection:
        return await connection.run_sync(
            lambda sync: list(compare_metadata(MigrationContext.configure(sync), SQLModel.metadata))
        )


def _upgrade(connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
