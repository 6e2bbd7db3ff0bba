"""The files of a night, and what is broken in them."""
