"""Where R packages come from: CRAN-like repositories, hosts of git repositories, the bundle itself."""

from sandbox_server.repositories.repositories import Repositories

__all__ = ["Repositories"]
