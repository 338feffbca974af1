"""Who is calling, and what they may do."""

from sandbox_server.auth.callers import Caller, caller_of_session, caller_of_token

__all__ = ["Caller", "caller_of_session", "caller_of_token"]
