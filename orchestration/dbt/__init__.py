"""dbt in a refresh: one process of it, what of the models must run, and what was built when."""
