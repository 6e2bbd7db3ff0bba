"""Raw: the change log, the store that holds it, and its export."""
