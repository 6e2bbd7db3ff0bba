{{ config(materialized='view') }}

-- A deal with splits is credited by them alone, one without is its owner's.
select
    wins.opportunity_id,
    wins.episode,
    coalesce(splits.user_id, wins.owner_id) as sales_rep_id,
    wins.product_id,
    wins.closed_date as won_date,
    wins.next_closed_date,
    wins.is_won_next,
    wins.won_again_date,
    wins.opportunity_value,
    coalesce(splits.split_share, cast(1 as decimal(9, 6))) as split_share

from {{ ref('int_deal_decisions') }} as wins
left join
    {{ ref('stg_payroll__opportunity_splits') }} as splits
    on wins.opportunity_id = splits.opportunity_id
where wins.is_won
