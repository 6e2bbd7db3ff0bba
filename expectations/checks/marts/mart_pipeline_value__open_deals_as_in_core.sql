-- about: marts.mart_pipeline_value
-- severity: block
-- meaning: differences between open deals in core and the pipeline of the last day
-- advice: this is a defect of the mart; report it with these rows
-- note: a file that a date names speaks for the end of the day before, and shows deals that were
-- created or decided on that date. On the last day these were not there yet, or still open with the
-- amount of then.
with
    open_by_now as (
        select count(*) as deals, coalesce(sum(opportunity_value), 0) as value
        from warehouse.core.fct_opportunity as deals
        inner join
            warehouse.core.dim_as_of as last_day
            on coalesce(deals.opened_date <= last_day.as_of_date, true)
        where not deals.is_closed and not deals.is_excluded and deals.is_last_episode
    ),
    decided_since as (
        select
            count(*) as deals,
            coalesce(sum(round(spans.open_amount * rates.exchange_rate, 2)), 0) as value
        from warehouse.core.fct_opportunity as deals
        cross join warehouse.core.dim_as_of as last_day
        inner join
            warehouse.core.fct_pipeline_span as spans
            on deals.opportunity_id = spans.opportunity_id
            and last_day.as_of_date >= spans.valid_from_date
            and last_day.as_of_date < spans.valid_to_date
        left join
            warehouse.core.fct_exchange_rate_held as rates
            on spans.currency_code = rates.currency_code
            and last_day.as_of_date = rates.rate_date
        where
            deals.is_closed
            and deals.is_last_episode
            and not deals.is_excluded
            and deals.closed_date > last_day.as_of_date
    ),
    facts as (
        select
            open_by_now.deals + decided_since.deals as deals,
            open_by_now.value + decided_since.value as value
        from open_by_now
        cross join decided_since
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
