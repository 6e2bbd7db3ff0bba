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

    -- What a member has from the day of a change until that of the next one.
    amounts_held as (

        select
            daily_changes.basis,
            daily_changes.level,
            daily_changes.member_id,
            daily_changes.currency_code,
            daily_changes.as_of_date as valid_from_date,
            coalesce(
                {{ plus_days('lead(daily_changes.as_of_date) over member_history', -1) }},
                warehouse.as_of_date
            ) as last_date,
            {%- for amount in amounts %}
                sum(daily_changes.{{ amount }}) over member_history as {{ amount }}
                {{- ',' if not loop.last }}
            {%- endfor %}

        from daily_changes
        cross join {{ ref('dim_as_of') }} as warehouse
        where daily_changes.as_of_date <= warehouse.as_of_date
        window
            member_history as (
                partition by
                    daily_changes.basis,
                    daily_changes.level,
                    daily_changes.member_id,
                    daily_changes.currency_code
                order by daily_changes.as_of_date
            )

    ),

    daily_amounts as (

        select
            {{ each_day('valid_from_date', 'last_date') }} as as_of_date,
            level,
            member_id,
            basis,
            currency_code,
            {{ amounts | join(', ') }}

        from amounts_held
        -- A deal that is open counts, whatever it is worth, so a member without one has nothing
        -- to show.
        where open_deals > 0

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
