{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set amounts = [
    'open_deals', 'open_amount', 'weighted_amount', 'weighted_deals', 'overdue_deals', 'overdue_amount',
    'no_amount_deals', 'undated_deals',
] %}
{%- set measures = {} %}
{%- for amount in amounts %}
    {% do measures.update({amount: 'sum(facts.' ~ amount ~ ')'}) %}
{% endfor %}
with

    changes as (

        select *, change_date as as_of_date, 'restated' as basis

        from {{ ref('fct_pipeline_change') }}

    ),

    -- A day's pipeline is the sum of all changes up to its end by currency: what it is worth
    -- follows
    -- from that sum and the day's rate, however many deals are in it.
    daily_changes as (

        {{ rolled_up_by('changes', keys=['as_of_date', 'currency_code'], levels=pipeline_levels(), measures=measures) }}

    ),

    first_days as (

        select basis, level, member_id, currency_code, min(as_of_date) as first_date

        from daily_changes
        group by basis, level, member_id, currency_code

    ),

    member_days as (

        select
            first_days.basis,
            first_days.level,
            first_days.member_id,
            first_days.currency_code,
            calendar.date_day as as_of_date

        from first_days
        cross join {{ ref('dim_as_of') }} as warehouse
        inner join
            {{ ref('dim_date') }} as calendar
            on first_days.first_date <= calendar.date_day
            and warehouse.as_of_date >= calendar.date_day

    ),

    daily_amounts as (

        select
            member_days.as_of_date,
            member_days.level,
            member_days.member_id,
            member_days.basis,
            member_days.currency_code,
            {%- for amount in amounts %}
                coalesce(sum(daily_changes.{{ amount }}) over member_history, 0) as {{ amount }}
                {{- ',' if not loop.last }}
            {%- endfor %}

        from member_days
        left join
            daily_changes
            on member_days.as_of_date = daily_changes.as_of_date
            and member_days.level = daily_changes.level
            and member_days.member_id = daily_changes.member_id
            and member_days.currency_code = daily_changes.currency_code
            and member_days.basis = daily_changes.basis
        window
            member_history as (
                partition by
                    member_days.basis,
                    member_days.level,
                    member_days.member_id,
                    member_days.currency_code
                order by member_days.as_of_date
                rows between unbounded preceding and current row
            )

    ),

    -- What the reps have on a day is their managers' of that day.
    amounts_by_level as (

        select *
        from daily_amounts

        {%- if 'manager' in pipeline_levels() %}

            union all

            select
                amounts.as_of_date,
                'manager' as level,
                managers.manager_id as member_id,
                amounts.basis,
                amounts.currency_code,
                {%- for amount in amounts %}
                    amounts.{{ amount }}{{ ',' if not loop.last }}
                {%- endfor %}

            from daily_amounts as amounts
            inner join
                {{ ref('bridge_sales_rep_manager') }} as managers
                on amounts.member_id = managers.sales_rep_id
                and amounts.as_of_date >= managers.valid_from_date
                and amounts.as_of_date < managers.valid_to_date
            where amounts.level = 'rep'
        {%- endif %}

    ),

    daily_states as (

        select
            amounts.as_of_date,
            amounts.level,
            amounts.member_id,
            amounts.basis,
            sum(amounts.open_deals) as open_deals,
            {{ money_sum(converted_sum('amounts.open_amount', 'rates.exchange_rate')) }}
            as open_value,
            {{ money_sum(converted_sum('amounts.weighted_amount', 'rates.exchange_rate')) }}
            as weighted_value,
            sum(amounts.weighted_deals) as weighted_deals,
            sum(amounts.overdue_deals) as overdue_deals,
            {{ money_sum(converted_sum('amounts.overdue_amount', 'rates.exchange_rate')) }}
            as overdue_value,
            sum(amounts.no_amount_deals) as no_amount_deals,
            sum(amounts.undated_deals) as undated_deals

        from amounts_by_level as amounts
        left join
            {{ ref('fct_exchange_rate_held') }} as rates
            on amounts.currency_code = rates.currency_code
            and amounts.as_of_date = rates.rate_date
        -- A deal that is open counts, whatever it is worth, so a member without one has nothing
        -- to show.
        where amounts.open_deals > 0
        group by amounts.as_of_date, amounts.level, amounts.member_id, amounts.basis

    )

select
    daily_states.as_of_date,
    daily_states.level,
    daily_states.member_id,
    coalesce(members.member_name, daily_states.member_id) as member_name,
    daily_states.basis,

    cast(daily_states.open_deals as bigint) as open_deals,
    daily_states.open_value,
    case
        when daily_states.weighted_deals > 0 then daily_states.weighted_value
    end as weighted_value,
    cast(daily_states.overdue_deals as bigint) as overdue_deals,
    daily_states.overdue_value,
    cast(daily_states.no_amount_deals as bigint) as no_amount_deals,
    cast(daily_states.weighted_deals as bigint) as weighted_deals,
    cast(daily_states.undated_deals as bigint) as undated_deals

from daily_states
left join
    {{ ref('dim_member') }} as members
    on daily_states.level = members.level
    and daily_states.member_id = members.member_id
