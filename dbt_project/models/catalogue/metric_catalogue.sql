with declared_metrics as ({{ declared_metrics_as_rows() }}) select * from declared_metrics
