"""The flow as Dagster assets, publication and the `salesops` command; the one Dagster importer."""
