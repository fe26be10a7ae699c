"""Simulated businesses whose truth is known: for the demo, and as the oracle of the tests."""
