{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set measures = {
    'closed_deals': 'count(*)',
    'won_deals': 'sum(case when facts.is_won then 1 else 0 end)',
    'won_value': money_sum('case when facts.is_won then facts.opportunity_value end'),
} %}
{%- set measures_at_freeze = {
    'managed_deals': 'count(*)',
    'managed_value': money_sum('facts.open_value'),
    'undated_deals': 'sum(case when facts.has_creation_date then 0 else 1 end)',
} %}
with

    closed_by_member as (

        {{ rolled_up_by(ref('fct_closing'), ['period_grain', 'period_start', 'period_end'], measures, managers_on='closed_date') }}

    ),

    frozen_pipeline as (select *, 'as_closed' as basis from {{ ref('fct_pipeline_at_freeze') }}),

    managed_at_freeze as (

        {{ rolled_up_by(
            'frozen_pipeline',
            ['period_grain', 'period_start', 'period_end'],
            measures_at_freeze,
            managers_on='period_end'
        ) }}

    ),

    known_periods as (

        select *

        from {{ ref('dim_period') }}
        where last_known_date is not null and period_grain <> 'week'

    ),

    managed_by_member as (

        select
            known_periods.period_grain,
            known_periods.period_start,
            known_periods.period_end,
            pipeline.level,
            pipeline.member_id,
            pipeline.basis,
            pipeline.open_deals as managed_deals,
            pipeline.open_value as managed_value,
            pipeline.undated_deals

        from known_periods
        inner join
            {{ ref('mart_pipeline_value') }} as pipeline
            on known_periods.last_known_date = pipeline.as_of_date
        where pipeline.level in ({{ level_names(deal_levels()) | indent(12) }})

        union all

        select *
        from managed_at_freeze

    ),

    -- A member can have closed deals and none open, or the other way round.
    both_parts as (

        select
            period_grain,
            period_start,
            period_end,
            level,
            member_id,
            basis,
            0 as managed_deals,
            cast(0 as decimal(18, 2)) as managed_value,
            0 as undated_deals,
            closed_deals,
            won_deals,
            won_value

        from closed_by_member

        union all

        select
            period_grain,
            period_start,
            period_end,
            level,
            member_id,
            basis,
            managed_deals,
            managed_value,
            undated_deals,
            0 as closed_deals,
            0 as won_deals,
            cast(0 as decimal(18, 2)) as won_value

        from managed_by_member

    ),

    by_member as (

        select
            period_grain,
            period_start,
            period_end,
            level,
            member_id,
            basis,
            sum(managed_deals) as managed_deals,
            sum(managed_value) as managed_value,
            sum(undated_deals) as undated_deals,
            sum(closed_deals) as closed_deals,
            sum(won_deals) as won_deals,
            sum(won_value) as won_value

        from both_parts
        group by period_grain, period_start, period_end, level, member_id, basis

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,

    cast(by_member.managed_deals as bigint) as managed_deals,
    cast(by_member.managed_value as decimal(18, 2)) as managed_value,
    {{ ratio('by_member.managed_value', 'by_member.managed_deals') }} as average_managed_value,
    cast(by_member.closed_deals as bigint) as closed_deals,
    {{ ratio('by_member.won_value', 'by_member.closed_deals') }} as average_deal_outcome,
    cast(by_member.won_deals as bigint) as won_deals,
    {{ ratio('by_member.won_value', 'by_member.won_deals') }} as average_won_value,
    cast(by_member.won_value as decimal(18, 2)) as won_value,
    cast(by_member.undated_deals as bigint) as undated_deals,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start
