"""The same company in Tehran: the words and files of its own systems."""
