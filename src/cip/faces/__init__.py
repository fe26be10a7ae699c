"""Thin faces over the flows: command line, dashboard."""
