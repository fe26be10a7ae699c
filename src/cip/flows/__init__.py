"""Use cases, a verb a file: the only place where stores, engine and access meet the pure core."""
