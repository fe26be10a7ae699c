"""Guess what a stranger's tables are: profiles of columns in, a proposed `cip.toml` out.  Pure."""
