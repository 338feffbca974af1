"""The worker that claims job rows and runs operations, and the loop that keeps reality in step."""

from sandbox_server.jobs.loop import keep_in_step, work
from sandbox_server.jobs.worker import Worker

__all__ = ["Worker", "keep_in_step", "work"]
