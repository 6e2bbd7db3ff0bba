"""Deals: how they come about, what happens to them, and who was to win them."""
