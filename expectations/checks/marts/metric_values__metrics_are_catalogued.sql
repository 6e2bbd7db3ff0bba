-- about: marts.metric_values
-- severity: block
-- meaning: metrics with values that the catalogue does not explain
-- advice: add them to the semantic YAML
select distinct metric
from {{ batch }}
where metric not in (select name from marts.marts.metric_catalogue)
