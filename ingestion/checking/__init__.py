"""Mappings held against their contracts, and against files without landing them."""
