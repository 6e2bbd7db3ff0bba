"""The demo company: writes extracts and their answer key; knows nothing of the warehouse."""
