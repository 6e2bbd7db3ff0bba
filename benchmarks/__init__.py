"""Measures refreshes against plain DuckDB on the same files, as ratios within one run."""
