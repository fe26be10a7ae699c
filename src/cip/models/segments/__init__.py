"""Segments: clusters of alike customers, whether they are real, and what they are in words."""
