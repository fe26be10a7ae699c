"""Everything that is computed over rows, in Ibis alone: one definition for DuckDB and Spark."""
