"""Text as files and people write it: scripts, the Jalali calendar, YAML, SQL of cells."""
