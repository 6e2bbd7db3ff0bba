{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set movements = [
    'start', 'created', 'increased', 'pulled_in', 'reopened', 'decreased', 'pushed_out', 'won',
    'lost', 'removed', 'transferred', 'revaluation', 'end',
] %}
{%- set measures = {} %}
{%- for movement in movements %}
    {%- do measures.update({
        movement ~ '_value': money_sum("case when facts.movement_type = '" ~ movement ~ "' then facts.movement_value end")
    }) %}
{%- endfor %}
with

    counted_members as (

        {{ rolled_up_by(ref('fct_pipeline_movement'), ['period_grain', 'period_start', 'period_end'], measures, managers_on='movement_date') }}

    ),

    by_member as (

        select *
        from counted_members
        where basis = 'restated'

        union all

        -- What was known at the freeze is what is known now, and what the corrections add to it.
        select
            counted_members.period_grain,
            counted_members.period_start,
            counted_members.period_end,
            counted_members.level,
            counted_members.member_id,
            'as_closed' as basis,
            {%- for measure in measures %}
                {{ money_sum('counted_members.' ~ measure) }}
                as {{ measure }}{{ ',' if not loop.last }}
            {%- endfor %}

        from counted_members
        inner join
            {{ ref('dim_period') }} as periods
            on counted_members.period_grain = periods.period_grain
            and counted_members.period_start = periods.period_start
        where periods.is_frozen
        group by
            counted_members.period_grain,
            counted_members.period_start,
            counted_members.period_end,
            counted_members.level,
            counted_members.member_id

    ),

    -- Deals stay where they are when somebody above gets another manager, and nothing moves them:
    -- what came to a manager and went is whatever else does not explain.
    balanced as (

        select
            *,
            case
                when level = 'manager'
                then
                    cast(
                        end_value
                        - start_value
                        - created_value
                        - increased_value
                        - pulled_in_value
                        - reopened_value
                        + decreased_value
                        + pushed_out_value
                        + won_value
                        + lost_value
                        + removed_value
                        - revaluation_value as decimal(18, 2)
                    )
                else transferred_value
            end as balance_value

        from by_member

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,

    by_member.start_value,
    by_member.created_value,
    by_member.increased_value,
    by_member.pulled_in_value,
    by_member.reopened_value,
    by_member.decreased_value,
    by_member.pushed_out_value,
    by_member.won_value,
    by_member.lost_value,
    by_member.end_value,
    by_member.removed_value,
    by_member.balance_value as transferred_value,
    by_member.revaluation_value,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from balanced as by_member
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start
-- A period in which nothing was expected to close, and nothing was before or after.
where
    by_member.start_value <> 0
    or by_member.end_value <> 0
    or by_member.created_value <> 0
    or by_member.pulled_in_value <> 0
    or by_member.reopened_value <> 0
    or by_member.increased_value <> 0
    or by_member.balance_value <> 0
    or by_member.revaluation_value <> 0
