"""The verbs. The list of modules is the list of what Sandbox does."""
