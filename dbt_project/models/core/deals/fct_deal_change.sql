{{ config(materialized=shared_view()) }}

with

    -- A field that changed several times in a day went from what it was in the morning to what it
    -- was in the evening.
    ranked_events as (

        select
            *,
            row_number() over (
                partition by opportunity_id, field_name, changed_date order by changed_at
            ) as change_number,
            row_number() over (
                partition by opportunity_id, field_name, changed_date order by changed_at desc
            ) as change_number_from_end

        from {{ ref('fct_opportunity_event') }}

    ),

    changed_fields as (

        select
            opportunity_id,
            changed_date,
            field_name,
            max(case when change_number = 1 then old_value end) as old_value,
            max(case when change_number_from_end = 1 then new_value end) as new_value

        from ranked_events
        group by opportunity_id, changed_date, field_name

    ),

    -- Deals as they stood at the end of a day, and at the end of the day before.
    states as (

        select
            opportunity_id,
            valid_from_date as changed_date,
            sales_rep_id,
            currency_code,
            amount,
            has_creation_date,
            is_closed,
            is_won,
            lag(currency_code) over deal as previous_currency_code,
            lag(amount) over deal as previous_amount,
            lag(is_closed) over deal as was_closed,
            lag(is_won) over deal as was_won,
            {{ last_known(
                'case when not is_closed then cast(expected_close_date as string) end',
                'earlier_in_episode'
            ) }} as previous_close_date,
            row_number() over deal as state_number

        from {{ ref('fct_opportunity_version') }}
        where valid_from_date < valid_to_date
        window
            deal as (partition by opportunity_id order by valid_from_date),
            earlier_in_episode as (
                partition by opportunity_id, episode
                order by valid_from_date
                rows between unbounded preceding and 1 preceding
            )

    ),

    -- What is entered on the day on which a deal is created is part of its creation.
    changes as (

        select states.*, fields.field_name, fields.old_value, fields.new_value

        from changed_fields as fields
        inner join
            states
            on fields.opportunity_id = states.opportunity_id
            and fields.changed_date = states.changed_date
        where fields.old_value is distinct from fields.new_value and states.state_number > 1

        union all

        select
            states.*,
            'created' as field_name,
            cast(null as string) as old_value,
            cast(null as string) as new_value

        from states
        where state_number = 1 and has_creation_date

    ),

    -- Both worths at the rate of the day: what the rates alone did is no change of the deal.
    valued_changes as (

        select
            changes.*,
            coalesce(
                {{ converted('changes.amount', 'rates.exchange_rate') }}, 0
            ) as opportunity_value,
            coalesce(
                {{ converted('changes.previous_amount', 'previous_rates.exchange_rate') }}, 0
            ) as previous_value,
            coalesce(
                changes.amount <> changes.previous_amount,
                changes.amount is not null or changes.previous_amount is not null
            ) as has_other_amount

        from changes
        left join
            {{ ref('fct_exchange_rate_held') }} as rates
            on changes.currency_code = rates.currency_code
            and changes.changed_date = rates.rate_date
        left join
            {{ ref('fct_exchange_rate_held') }} as previous_rates
            on changes.previous_currency_code = previous_rates.currency_code
            and changes.changed_date = previous_rates.rate_date

    )

select
    opportunity_id,
    changed_date,
    field_name,
    case
        when field_name = 'created'
        then 'created'
        when field_name = 'stage_id' and is_won and not was_won
        then 'won'
        when field_name = 'stage_id' and is_closed and not is_won and (was_won or not was_closed)
        then 'lost'
        when field_name = 'stage_id' and was_closed and not is_closed
        then 'reopened'
        when field_name = 'stage_id'
        then 'stage_changed'
        when field_name = 'amount' and coalesce(amount, 0) > coalesce(previous_amount, 0)
        then 'increased'
        when field_name = 'amount' and coalesce(amount, 0) < coalesce(previous_amount, 0)
        then 'decreased'
        -- A push is of a deal that is open; one that is reopened gets a new date. Dates are written
        -- with the year first, so that their texts sort as they do.
        when field_name = 'expected_close_date' and (was_closed or is_closed)
        then 'changed'
        -- One that was cleared for a while is moved from where it was.
        when
            field_name = 'expected_close_date'
            and new_value > coalesce(old_value, previous_close_date)
        then 'pushed_out'
        when
            field_name = 'expected_close_date'
            and new_value < coalesce(old_value, previous_close_date)
        then 'pulled_in'
        when field_name = 'owner_id'
        then 'transferred'
        when field_name = 'is_excluded' and new_value = 'true'
        then 'removed'
        when field_name = 'is_excluded'
        then 'restored'
        else 'changed'
    end as change_type,
    old_value,
    new_value,
    cast(
        case
            when
                field_name in ('created', 'amount')
                or (field_name = 'currency_code' and not has_other_amount)
            then opportunity_value - previous_value
            else 0
        end as decimal(18, 2)
    ) as value_change,
    cast(opportunity_value as decimal(18, 2)) as opportunity_value,
    sales_rep_id

from valued_changes
