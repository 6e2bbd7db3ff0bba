{#- A view: three rows a span would be the largest table of all, and mart_pipeline_value alone adds them up. -#}
{{ config(materialized='view') }}
{#- What a span does to the pipeline: on which day, and by how many deals and overdue ones it changes. -#}
{%- set changes = {
    'begins': {'date': 'valid_from_date', 'deals': '1', 'overdue_deals': '0'},
    'overdue': {'date': 'overdue_date', 'deals': '0', 'overdue_deals': '1'},
    'ends': {'date': 'valid_to_date', 'deals': '-1', 'overdue_deals': 'case when overdue_date is null then 0 else -1 end'},
} -%}
with

    spans as (

        select
            *,
            -- The first day of these on which the expected close date has passed.
            case
                when expected_close_date < valid_from_date
                then valid_from_date
                when {{ plus_days('expected_close_date', 1) }} < valid_to_date
                then {{ plus_days('expected_close_date', 1) }}
            end as overdue_date

        from {{ ref('fct_pipeline_span') }}

    ),

    changes as (

        {%- for change, declared in changes.items() %}
            select
                *,
                '{{ change }}' as change_type,
                {{ declared.date }} as change_date,
                {{ declared.deals }} as deals_change,
                {{ declared.overdue_deals }} as overdue_change

            from spans
            where {{ declared.date }} < {{ open_end_date() }} {{ 'union all' if not loop.last }}
        {%- endfor %}

    )

select
    opportunity_id,
    valid_from_date,
    change_type,
    change_date,
    branch_id,
    territory_id,
    team_id,
    sales_rep_id,
    segment,
    product_id,
    lead_source,
    stage_id,
    forecast_category,
    currency_code,
    cast(deals_change as bigint) as open_deals,
    cast(deals_change * open_amount as decimal(18, 2)) as open_amount,
    cast(
        case when weighted_amount is null then 0 else deals_change end as bigint
    ) as weighted_deals,
    cast(deals_change * coalesce(weighted_amount, 0) as decimal(18, 2)) as weighted_amount,
    cast(overdue_change as bigint) as overdue_deals,
    cast(overdue_change * open_amount as decimal(18, 2)) as overdue_amount,
    cast(
        case when amount_source = 'none' then deals_change else 0 end as bigint
    ) as no_amount_deals,
    cast(case when has_creation_date then 0 else deals_change end as bigint) as undated_deals

from changes
