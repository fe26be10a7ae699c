"""Customer Intelligence Platform: who leaves, what they are worth, why, and what to do."""

__version__ = "0.1.0"
