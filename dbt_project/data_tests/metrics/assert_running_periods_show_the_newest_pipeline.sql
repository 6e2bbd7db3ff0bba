{#
    Fails where the managed deals of the month that is running differ from the pipeline of the
    newest day known. If it fails: look at dim_period and at the days that
    mart_pipeline_value ends with.

    As restated: a month that ends on that day may be frozen already, and mart_pipeline_value says of no
    day what was known on it.
#}
select
    outcome.period_start,
    outcome.level,
    outcome.member_id,
    outcome.managed_deals,
    pipeline.open_deals

from {{ ref('mart_deal_outcome') }} as outcome
inner join
    {{ ref('dim_as_of') }} as warehouse
    on outcome.period_start <= warehouse.as_of_date
    and outcome.period_end >= warehouse.as_of_date
left join
    {{ ref('mart_pipeline_value') }} as pipeline
    on warehouse.as_of_date = pipeline.as_of_date
    and outcome.level = pipeline.level
    and outcome.member_id = pipeline.member_id
    and outcome.basis = pipeline.basis
where
    outcome.basis = 'restated'
    and (
        outcome.managed_deals <> coalesce(pipeline.open_deals, 0)
        or outcome.managed_value <> coalesce(pipeline.open_value, 0)
    )
