"""Somebody else's score against what happened: its direction, its figures, and signs of leaks."""
