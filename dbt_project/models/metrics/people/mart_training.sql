{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set effects = [
    'won_value_before', 'won_value_after', 'won_deals_before', 'won_deals_after',
    'closed_deals_before', 'closed_deals_after',
] -%}
{%- set effect_measures = {'measured_people': 'count(*)'} -%}
{%- for effect in effects -%}
    {%- do effect_measures.update({effect: 'sum(facts.' ~ effect ~ ')'}) -%}
{%- endfor %}
with

    trainings as (

        select fct.*, 'restated' as basis

        from {{ ref('fct_training') }} as fct
        cross join {{ ref('dim_hr_as_of') }} as hr
        where fct.training_date <= hr.as_of_date

    ),

    trainings_by_member as (

        {{ rolled_up('trainings', date_column='training_date', levels=people_levels(), measures={
        'enrolments': 'count(*)',
        'completed_enrolments': 'sum(case when facts.is_completed then 1 else 0 end)',
        'ended_enrolments': 'sum(case when facts.is_ended then 1 else 0 end)',
        'training_hours': 'sum(facts.training_hours)',
        'training_cost_value': money_sum('facts.training_cost_value'),
        'trained_people': 'count(distinct facts.person_id)',
    }) }}

    ),

    -- Whoever completes several courses in a period is compared once, around the first of them.
    effects_by_grain as (

        {%- for grain in period_grains() %}
            select
                'restated' as basis,
                '{{ grain }}' as period_grain,
                calendar.{{ grain }}_start as period_start,
                calendar.{{ grain }}_end as period_end,
                effects.*,
                row_number() over (
                    partition by effects.person_id, calendar.{{ grain }}_start
                    order by effects.completed_on, effects.enrolment_id
                ) as rank

            from {{ ref('fct_training_effect') }} as effects
            inner join
                {{ ref('dim_date') }} as calendar on effects.completed_on = calendar.date_day
                {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    first_effects as (select * from effects_by_grain where rank = 1),

    effects_by_member as (

        {{ rolled_up_by(
        'first_effects',
        keys=['period_grain', 'period_start', 'period_end'],
        measures=effect_measures,
        levels=people_levels()
    ) }}

    ),

    -- A course may be completed in a later period than it began in.
    by_member as (

        select
            coalesce(trainings.period_grain, effects.period_grain) as period_grain,
            coalesce(trainings.period_start, effects.period_start) as period_start,
            coalesce(trainings.period_end, effects.period_end) as period_end,
            coalesce(trainings.level, effects.level) as level,
            coalesce(trainings.member_id, effects.member_id) as member_id,
            coalesce(trainings.enrolments, 0) as enrolments,
            coalesce(trainings.completed_enrolments, 0) as completed_enrolments,
            coalesce(trainings.ended_enrolments, 0) as ended_enrolments,
            coalesce(trainings.training_hours, 0) as training_hours,
            coalesce(trainings.training_cost_value, 0) as training_cost_value,
            coalesce(trainings.trained_people, 0) as trained_people,
            coalesce(effects.measured_people, 0) as measured_people,
            {%- for effect in effects %}
                effects.{{ effect }}{{ ',' if not loop.last }}
            {%- endfor %}

        from trainings_by_member as trainings
        full outer join
            effects_by_member as effects
            on trainings.period_grain = effects.period_grain
            and trainings.period_start = effects.period_start
            and trainings.level = effects.level
            and trainings.member_id = effects.member_id

    ),

    compared as (

        select
            *,
            won_value_after - won_value_before as won_value_gain,
            {{ ratio('won_deals_before', 'closed_deals_before') }} as conversion_rate_before,
            {{ ratio('won_deals_after', 'closed_deals_after') }} as conversion_rate_after

        from by_member

    )

select
    compared.period_grain,
    compared.period_start,
    compared.period_end,
    compared.level,
    compared.member_id,
    coalesce(members.member_name, compared.member_id) as member_name,
    'restated' as basis,

    cast(compared.enrolments as bigint) as enrolments,
    cast(compared.completed_enrolments as bigint) as completed_enrolments,
    {{ ratio('compared.completed_enrolments', 'compared.ended_enrolments') }} as completion_rate,
    cast(cast(compared.training_hours as decimal(18, 2)) as double) as trained_hours,
    cast(compared.training_cost_value as decimal(18, 2)) as training_cost_value,
    cast(compared.measured_people as bigint) as measured_people,
    cast(compared.won_value_before as decimal(18, 2)) as won_value_before,
    cast(compared.won_value_after as decimal(18, 2)) as won_value_after,
    {{ ratio('compared.won_value_gain', 'compared.won_value_before') }} as won_value_change,
    compared.conversion_rate_before,
    compared.conversion_rate_after,
    compared.conversion_rate_after - compared.conversion_rate_before as conversion_rate_change,
    cast(compared.ended_enrolments as bigint) as ended_enrolments,
    cast(compared.trained_people as bigint) as trained_people,
    cast(compared.won_value_gain as decimal(18, 2)) as won_value_gain,
    cast(compared.won_deals_before as bigint) as won_deals_before,
    cast(compared.closed_deals_before as bigint) as closed_deals_before,
    cast(compared.won_deals_after as bigint) as won_deals_after,
    cast(compared.closed_deals_after as bigint) as closed_deals_after,
    periods.period_label,
    periods.is_running_for_hr as is_running,
    periods.elapsed_business_days_for_hr as elapsed_business_days

from compared
left join
    {{ ref('dim_member') }} as members
    on compared.level = members.level
    and compared.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on compared.period_grain = periods.period_grain
    and compared.period_start = periods.period_start
