"""The same three people and the same app everywhere."""

from sandbox_server.auth import Caller

ANNA = Caller("anna", admin=True)
"""Publishes, and installed the platform."""
BEN = Caller("ben", admin=False)
"""Decides what is released."""
CLEO = Caller("cleo", admin=False)
"""Works on the same app, at the same time."""

APP = "sales-dashboard"
HELLO = {"app.R": "library(shiny)\nshinyApp(fluidPage('hello'), function(input, output) {})\n"}
