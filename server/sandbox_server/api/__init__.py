"""The JSON skin: parse, call the operation, return."""
