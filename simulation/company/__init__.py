"""The company: its structure, calendar, money and words."""
