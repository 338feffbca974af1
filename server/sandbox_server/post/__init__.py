"""The ways out: mail and webhook to owners, letters to reviewers."""

from sandbox_server.post.base import Letter, NotSent, Post, Way
from sandbox_server.post.mail import Mail
from sandbox_server.post.webhook import Webhook

__all__ = ["Letter", "Mail", "NotSent", "Post", "Way", "Webhook"]
