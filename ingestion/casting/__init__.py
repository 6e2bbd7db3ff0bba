"""From records of text to typed rows, and why a value is none."""
