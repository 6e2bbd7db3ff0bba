-- about: core.fct_opportunity_version
-- severity: block
-- meaning: currencies in which deals were open before their first exchange rate; nobody can
-- say what these were worth
-- advice: land the missing rates in fx_rates, or raise max_rate_age_days in company.yml
-- note: An open deal is worth what it is at the rate of each day. Where a day has no recent rate it
-- stands at the last one known; before a currency's first rate it would be worth nothing.
with
    changes as (
        select currency_code, valid_from_date as day, 1 as deals
        from
            (
                select *
                from {{ batch }}
                where
                    amount <> 0
                    and not is_closed
                    and not is_excluded
                    and valid_from_date < valid_to_date
            )
        union all
        select currency_code, valid_to_date as day, -1 as deals
        from
            (
                select *
                from {{ batch }}
                where
                    amount <> 0
                    and not is_closed
                    and not is_excluded
                    and valid_from_date < valid_to_date
            )
    ),
    counts as (
        select
            currency_code,
            day,
            sum(sum(deals)) over currency as deals,
            lead(day) over currency as next_day
        from changes
        where day <= (select as_of_date from warehouse.core.dim_as_of)
        group by currency_code, day
        window currency as (partition by currency_code order by day)
    ),
    days as (
        select
            currency_code,
            deals,
            unnest(
                generate_series(
                    day,
                    coalesce(next_day, (select as_of_date from warehouse.core.dim_as_of) + 1) - 1,
                    interval 1 day
                )
            )::date as day
        from counts
        where deals > 0
    )
select
    currency_code,
    min(day) as first_day,
    max(day) as last_day,
    count(*) as days,
    max(deals) as deals
from days
anti join
    warehouse.core.fct_exchange_rate_held as rates
    on days.currency_code = rates.currency_code
    and days.day = rates.rate_date
group by currency_code
