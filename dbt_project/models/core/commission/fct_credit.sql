with

    wins as (select * from {{ ref('int_credit_follow_ups') }}),

    credits as (

        {% set columns = [
        'opportunity_id', 'episode', 'sales_rep_id', 'person_id', 'person_key', 'employee_id',
        'product_id', 'won_date', 'opportunity_value', 'split_share', 'plan_id', 'plan_version',
        'period_grain',
    ] %}
        select
            {{ columns | join(',\n        ') }},
            coalesce(problem, case when is_taken_back_at_once then 'taken_back' end) as problem,
            'win' as credit_kind,
            episode as decided_episode,
            won_date as credit_date,
            {{ shared_value('opportunity_value', 'split_share') }} as credit_value

        from wins

        union all

        select
            {{ columns | join(',\n        ') }},
            problem,
            'clawback' as credit_kind,
            episode as decided_episode,
            taken_back_date as credit_date,
            -{{ shared_value('opportunity_value', 'split_share') }} as credit_value

        from wins
        where taken_back_by = 'clawback' and not is_taken_back_at_once
        {% for kind, sign, date_column, condition in [
        ('rebooking', '-', 'later_won_date', 'is_rebooked'),
        ('reinstatement', '', 'later_lost_date', 'is_reinstated'),
    ] %}
            union all

            select
                {{ prefixed('wins', columns) }},
                wins.problem,
                '{{ kind }}' as credit_kind,
                changes.later_episode as decided_episode,
                changes.{{ date_column }} as credit_date,
                {{ sign }}{{ shared_value('wins.opportunity_value', 'wins.split_share') }}
                as credit_value

            from {{ ref('int_credit_later_wins') }} as changes
            inner join
                wins
                on changes.opportunity_id = wins.opportunity_id
                and changes.episode = wins.episode
                and changes.sales_rep_id = wins.sales_rep_id
            where changes.{{ condition }}
        {% endfor %}
    )

select
    {{ surrogate_key('credits.opportunity_id', ['credits.episode']) }}
    || '#'
    || credits.credit_kind
    || '#'
    || credits.sales_rep_id
    || case
        when credits.decided_episode > credits.episode
        then '#' || cast(credits.decided_episode as string)
        else ''
    end as credit_id,
    {{ surrogate_key('credits.opportunity_id', ['credits.episode']) }} as opportunity_key,
    credits.opportunity_id,
    credits.episode,
    credits.credit_kind,
    credits.sales_rep_id,
    credits.person_id,
    credits.person_key,
    credits.employee_id,
    credits.product_id,
    credits.won_date,
    credits.credit_date,
    credits.opportunity_value,
    credits.split_share,
    credits.credit_value,
    credits.plan_id,
    credits.plan_version,
    credits.period_grain as plan_period_grain,
    {{ period_around('credits.period_grain', 'calendar', 'start') }} as plan_period_start,
    {{ period_around('credits.period_grain', 'calendar', 'end') }} as plan_period_end,
    credits.problem

from credits
left join {{ ref('dim_date') }} as calendar on credits.credit_date = calendar.date_day
