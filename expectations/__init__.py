"""The three quality gates on Great Expectations: raw, core and marts. Runs nothing else."""
