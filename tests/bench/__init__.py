"""Measurements of the whole platform, side by side with what people would use without it."""
