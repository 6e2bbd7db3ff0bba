-- about: marts.metric_catalogue
-- severity: block
-- meaning: empty catalogue: dbt found no metrics
-- advice: check the form of the semantic YAML; dbt ignores a newer form silently
select 1 as empty_catalogue where not exists (select * from {{ batch }})
