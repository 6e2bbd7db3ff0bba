{#
    Fails for each metric with rows on a basis that the column `basis` of its mart does not declare.
    If it fails: add the basis to `bases` there; metric_catalogue tells it to whoever asks for one.
#}
select metric_values.metric, metric_values.basis, count(*) as row_count

from {{ ref('metric_values') }} as metric_values
left join {{ ref('metric_catalogue') }} as catalogue on metric_values.metric = catalogue.name
where
    catalogue.name is null
    or ', ' || catalogue.basis || ', ' not like '%, ' || metric_values.basis || ', %'
group by metric_values.metric, metric_values.basis
