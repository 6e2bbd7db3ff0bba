-- about: marts.mart_conversion
-- severity: block
-- meaning: differences between decided deals in core and in the mart
-- advice: deals may be closed outside company.yml's calendar_start and calendar_end
with
    facts as (
        select count(*) filter (is_won) as won, count(*) filter (is_lost) as lost
        from warehouse.core.fct_opportunity
        where is_closed and is_last_episode and not is_excluded
    ),
    mart as (
        select coalesce(sum(won_deals), 0) as won, coalesce(sum(lost_deals), 0) as lost
        from {{ batch }}
        where level = 'company' and period_grain = 'month' and basis = 'restated'
    )
select facts.won, mart.won as won_in_mart, facts.lost, mart.lost as lost_in_mart
from facts
cross join mart
where facts.won <> mart.won or facts.lost <> mart.lost
