{%- set carried = [
    'opportunity_id', 'account_id', 'sales_rep_id', 'product_id', 'territory_id', 'has_own_territory', 'lead_source',
    'currency_code', 'amount', 'valid_from', 'valid_from_date',
] %}
with

    versions as (

        select
            cast(null as string) as frozen_grain,
            cast(null as date) as frozen_start,
            {{ carried | join(', ') }}

        from {{ ref('fct_opportunity_version') }}
        where has_creation_date

        union all

        select frozen_grain, frozen_start, {{ carried | join(', ') }}

        from {{ ref('int_pipeline_versions_at_freeze') }}
        where sign = 1 and has_creation_date and frozen_grain <> 'week'

    ),

    numbered_versions as (

        select
            *,
            min(valid_from_date) over deal as created_date,
            row_number() over (
                partition by opportunity_id, frozen_grain, frozen_start, valid_from_date
                order by valid_from desc
            ) as recency

        from versions
        window deal as (partition by opportunity_id, frozen_grain, frozen_start)

    )

-- The last version of the first day: what is entered in the hour after a deal was created is part
-- of creating it.
select
    deals.frozen_grain,
    deals.frozen_start,
    deals.opportunity_id,
    deals.created_date,
    deals.sales_rep_id,
    {{ or_unknown('reps.team_id') }} as team_id,
    {{ or_unknown('reps.branch_id') }} as branch_id,
    case
        when deals.has_own_territory
        then deals.territory_id
        else {{ or_unknown('reps.territory_id') }}
    end as territory_id,
    {{ or_unknown('accounts.segment') }} as segment,
    deals.product_id,
    deals.lead_source,
    deals.amount is not null as has_amount,
    {{ converted('deals.amount', 'rates.exchange_rate') }} as created_value

from numbered_versions as deals
left join
    {{ ref('dim_sales_rep') }} as reps
    on deals.sales_rep_id = reps.sales_rep_id
    and deals.created_date >= reps.valid_from_date
    and deals.created_date < reps.valid_to_date
left join
    {{ ref('dim_account') }} as accounts
    on deals.account_id = accounts.account_id
    and deals.created_date >= accounts.valid_from_date
    and deals.created_date < accounts.valid_to_date
left join
    {{ ref('fct_exchange_rate_held') }} as rates
    on deals.currency_code = rates.currency_code
    and deals.created_date = rates.rate_date
where deals.valid_from_date = deals.created_date and deals.recency = 1
