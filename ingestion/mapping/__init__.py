"""The language of mappings: its keys, and the feeds that come of them."""
