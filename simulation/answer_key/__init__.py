"""The answer key: what a warehouse must say of the extracts."""
