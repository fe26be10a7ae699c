"""Benchmarks: one file a topic, `make bench TOPIC=demo`; peers are measured in the same run."""
