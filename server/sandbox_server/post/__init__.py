"""The ways out to an app's owner: mail and webhook."""

from sandbox_server.post.base import NotSent, Way
from sandbox_server.post.mail import Mail
from sandbox_server.post.webhook import Webhook

__all__ = ["Mail", "NotSent", "Way", "Webhook"]
