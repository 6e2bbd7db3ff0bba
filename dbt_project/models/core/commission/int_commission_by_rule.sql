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

    )

select *
from win_rows
union all
select *
from later_rows
