"""Joins the parts: command line, settings, start-up, shutdown, placement and background work."""

__version__ = "0.1.0"
