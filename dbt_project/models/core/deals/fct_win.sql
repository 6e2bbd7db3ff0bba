select
    deals.opportunity_id,
    deals.closed_date,
    deals.sales_rep_id,
    {{ or_unknown('reps.team_id') }} as team_id,
    {{ or_unknown('reps.branch_id') }} as branch_id,
    {{ or_unknown('reps.territory_id') }} as territory_id

from {{ ref('fct_opportunity') }} as deals
left join
    {{ ref('dim_sales_rep') }} as reps
    on deals.sales_rep_id = reps.sales_rep_id
    and deals.closed_date >= reps.valid_from_date
    and deals.closed_date < reps.valid_to_date
where deals.is_last_episode and deals.is_won and not deals.is_excluded
