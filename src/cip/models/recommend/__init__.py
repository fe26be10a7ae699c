"""Recommendation: what to put before a customer next, why, and whether the lists are any good."""
