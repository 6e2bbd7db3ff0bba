{#
    Fails where conversion, cycle and outcome do not count the same deals of a period, member and basis.
    If it fails: one of them lost closings, such as a whole basis; compare how each takes
    fct_closing.
#}
with

    counted as (

        select
            'mart_conversion' as mart,
            basis,
            period_grain,
            period_start,
            level,
            member_id,
            won_deals,
            lost_deals

        from {{ ref('mart_conversion') }}

        union all

        select
            'mart_sales_cycle' as mart,
            basis,
            period_grain,
            period_start,
            level,
            member_id,
            won_deals,
            lost_deals

        from {{ ref('mart_sales_cycle') }}

        union all

        select
            'mart_deal_outcome' as mart,
            basis,
            period_grain,
            period_start,
            level,
            member_id,
            won_deals,
            closed_deals - won_deals as lost_deals

        from {{ ref('mart_deal_outcome') }}
        where closed_deals > 0

    )

select basis, period_grain, period_start, level, member_id, count(*) as marts

from counted
where won_deals + lost_deals > 0
group by basis, period_grain, period_start, level, member_id
having count(*) <> 3 or min(won_deals) <> max(won_deals) or min(lost_deals) <> max(lost_deals)
