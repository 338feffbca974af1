"""Fixtures of all tests in a browser."""

from tests.browser.anna import anna, server

__all__ = ["anna", "server"]
