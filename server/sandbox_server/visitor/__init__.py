"""The seam to the checking browser."""

from sandbox_server.visitor.base import Itinerary, Outcome, OutputError, Picture, View, Visit, Visitor
from sandbox_server.visitor.chromium import ChromiumVisitor
from sandbox_server.visitor.memory import MemoryVisitor

__all__ = [
    "ChromiumVisitor",
    "Itinerary",
    "MemoryVisitor",
    "Outcome",
    "OutputError",
    "Picture",
    "View",
    "Visit",
    "Visitor",
]
