"""Extracts become raw: contracts, mappings, readers, landing. Knows nothing of what comes after."""
