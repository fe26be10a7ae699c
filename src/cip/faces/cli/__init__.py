"""The command line: thin, every command one call into the flows."""
