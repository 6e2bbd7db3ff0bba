"""The company: its settings, calendar and clock, and the pseudonyms of its people."""
