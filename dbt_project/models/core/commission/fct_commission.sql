with

    earned as (

        select
            *,
            {{ taken_by_cap('person_id, plan_id, plan_period_grain, plan_period_start') }}
            as cap_taken_value

        from {{ ref('int_commission_earned') }}
        where is_in_force

    ),

    win_rows as (

        {% for rule, column in {
        'rate': 'rate_value', 'spif': 'spif_value', 'cap': 'cap_taken_value',
    }.items() -%}
            select
                credit_id,
                opportunity_id,
                episode,
                sales_rep_id,
                person_id,
                plan_id,
                plan_version,
                '{{ rule }}' as rule,
                plan_period_grain,
                plan_period_start,
                plan_period_end,
                won_date as earned_date,
                {{ column }} as commission_value,
                problem

            from earned
            {% if rule != 'rate' -%} where {{ column }} <> 0 {% endif %}
            {% if not loop.last -%}
                union all

            {% endif -%}
        {% endfor %}

    ),

    -- A paid period is never touched: what is taken back, or given back, is dated by what did so.
    later_rows as (

        select
            credits.credit_id,
            credits.opportunity_id,
            credits.episode,
            credits.sales_rep_id,
            credits.person_id,
            credits.plan_id,
            credits.plan_version,
            credits.credit_kind as rule,
            credits.plan_period_grain,
            credits.plan_period_start,
            credits.plan_period_end,
            credits.credit_date as earned_date,
            case when credits.credit_kind = 'reinstatement' then 1 else -1 end
            * (wins.rate_value + wins.spif_value + wins.cap_taken_value) as commission_value,
            wins.problem

        from {{ ref('fct_credit') }} as credits
        inner join
            earned as wins
            on credits.opportunity_id = wins.opportunity_id
            and credits.episode = wins.episode
            and credits.sales_rep_id = wins.sales_rep_id
        where credits.credit_kind <> 'win'

    ),

    credit_rows as (

        select *
        from win_rows
        union all
        select *
        from later_rows

    ),

    draws_in_periods as (

        select
            draws.person_id,
            draws.period_start,
            draws.period_grain,
            cast(sum(draws.draw_value) as decimal(18, 2)) as draw_value,
            max(case when draws.is_recoverable then 1 else 0 end) = 1 as is_recoverable,
            max(draws.problem) as problem

        from {{ ref('fct_draw') }} as draws
        cross join {{ ref('dim_as_of') }} as warehouse
        where draws.period_start <= warehouse.as_of_date
        group by draws.person_id, draws.period_start, draws.period_grain

    ),

    drawing_people as (select distinct person_id from draws_in_periods),

    earned_in_periods as (

        select
            rows_of_credits.person_id,
            rows_of_credits.plan_period_start as period_start,
            rows_of_credits.plan_period_grain as period_grain,
            cast(sum(rows_of_credits.commission_value) as decimal(18, 2)) as earned_value

        from credit_rows as rows_of_credits
        inner join drawing_people on rows_of_credits.person_id = drawing_people.person_id
        group by
            rows_of_credits.person_id,
            rows_of_credits.plan_period_start,
            rows_of_credits.plan_period_grain

    ),

    periods as (

        select
            coalesce(draws.person_id, earned.person_id) as person_id,
            coalesce(draws.period_start, earned.period_start) as period_start,
            coalesce(draws.period_grain, earned.period_grain) as period_grain,
            coalesce(earned.earned_value, 0) as earned_value,
            coalesce(draws.draw_value, 0) as draw_value,
            coalesce(draws.is_recoverable, true) as is_recoverable,
            draws.problem

        from draws_in_periods as draws
        full outer join
            earned_in_periods as earned
            on draws.person_id = earned.person_id
            and draws.period_start = earned.period_start
            and draws.period_grain = earned.period_grain

    ),

    -- After a change of plan a month and the quarter that it begins can both count: what ends first
    -- is settled first.
    dated_periods as (

        select
            periods.*, {{ period_around('periods.period_grain', 'calendar', 'end') }} as period_end

        from periods
        inner join {{ ref('dim_date') }} as calendar on periods.period_start = calendar.date_day

    ),

    running_periods as (

        select
            *,
            sum(
                case
                    when is_recoverable
                    then draw_value - earned_value
                    else least(draw_value - earned_value, 0)
                end
            ) over (
                partition by person_id
                order by period_end, period_start
                rows between unbounded preceding and current row
            ) as running_debt

        from dated_periods

    ),

    -- What is owed never falls below 0. A running sum that starts anew at 0 whenever it would, is
    -- the running sum less the lowest value it has had, if that lies below 0.
    owed_periods as (

        select
            *,
            running_debt - least(
                min(running_debt) over (
                    partition by person_id
                    order by period_end, period_start
                    rows between unbounded preceding and current row
                ),
                0
            ) as owed_value

        from running_periods

    ),

    settled_periods as (

        select
            *,
            owed_value - coalesce(
                lag(owed_value) over (partition by person_id order by period_end, period_start), 0
            ) as newly_owed_value

        from owed_periods

    ),

    draw_rows as (

        select
            cast(null as string) as credit_id,
            cast(null as string) as opportunity_id,
            cast(null as bigint) as episode,
            people.sales_rep_id,
            settled.person_id,
            cast(null as string) as plan_id,
            cast(null as bigint) as plan_version,
            case
                when not settled.is_recoverable and settled.draw_value > settled.earned_value
                then 'draw_grant'
                when settled.newly_owed_value > 0
                then 'draw_advance'
                else 'draw_recovery'
            end as rule,
            settled.period_grain as plan_period_grain,
            settled.period_start as plan_period_start,
            settled.period_end as plan_period_end,
            settled.period_end as earned_date,
            case
                when not settled.is_recoverable and settled.draw_value > settled.earned_value
                then settled.draw_value - settled.earned_value
                else settled.newly_owed_value
            end as commission_value,
            settled.problem

        from settled_periods as settled
        inner join {{ ref('dim_person') }} as people on settled.person_id = people.person_id

    ),

    all_rows as (

        select *
        from credit_rows
        union all
        select *
        from draw_rows
        where commission_value <> 0 or problem is not null

    )

select
    coalesce(
        credit_id, person_id || '#' || plan_period_grain || '#' || cast(plan_period_start as string)
    )
    || '#'
    || rule as commission_key,
    credit_id,
    opportunity_id,
    episode,
    sales_rep_id,
    person_id,
    plan_id,
    plan_version,
    rule,
    plan_period_grain,
    plan_period_start,
    plan_period_end,
    earned_date,
    cast(commission_value as decimal(18, 2)) as commission_value,
    problem

from all_rows
