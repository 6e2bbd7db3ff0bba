-- about: marts.mart_pipeline_value
-- severity: block
-- meaning: differences between open deals in core and the pipeline of the last day
-- advice: this is a defect of the mart; report it with these rows
with
    facts as (
        select count(*) as deals, coalesce(sum(opportunity_value), 0) as value
        from warehouse.core.fct_opportunity
        where not is_closed and not is_excluded and is_last_episode
    ),
    mart as (
        select coalesce(sum(open_deals), 0) as deals, coalesce(sum(open_value), 0) as value
        from {{ batch }}
        where level = 'company' and as_of_date = (select as_of_date from warehouse.core.dim_as_of)
    )
select facts.deals, mart.deals as deals_in_mart, facts.value, mart.value as value_in_mart
from facts
cross join mart
-- The mart rounds once, the facts once a deal.
where facts.deals <> mart.deals or abs(facts.value - mart.value) > 0.005 * (facts.deals + 1)
