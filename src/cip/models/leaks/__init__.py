"""Columns that know the future: near-copies of the answer, and values that were written later."""
