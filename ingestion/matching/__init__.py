"""Which leads are one person: comparing leads, and the log of what that found."""
