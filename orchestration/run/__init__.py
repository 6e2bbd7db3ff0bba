"""One refresh: its sources, lock, inputs and record, and Dagster's event log of it."""
