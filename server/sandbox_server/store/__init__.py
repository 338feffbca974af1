"""The only SQL, and the files that belong to its rows."""

from sandbox_server.store.bundles import Bundles
from sandbox_server.store.engine import Store
from sandbox_server.store.inventories import Inventories
from sandbox_server.store.logs import Logs
from sandbox_server.store.outputs import Outputs
from sandbox_server.store.pictures import Pictures
from sandbox_server.store.secrets import Sealer

__all__ = ["Bundles", "Inventories", "Logs", "Outputs", "Pictures", "Sealer", "Store"]
