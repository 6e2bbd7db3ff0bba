{#
    Stays of deals in stages, one row per stay; the last stay of a deal has no end.

    Arguments:
        versions: fct_opportunity_version, or a relation with its columns.
        keys: further columns of it to hand through; the versions of a deal are told apart by them.

    Gives: the keys, then the columns of fct_stage_visit.
#}
{% macro stage_visits(versions, keys=[]) %}
{%- set deal = (['opportunity_id'] + keys) | join(', ') %}
    with

        versions as (

            select
                {%- for key in keys %}
                {{ key }},
                {%- endfor %}
                opportunity_id,
                episode,
                valid_from,
                valid_from_date,
                stage_id,
                is_closed,
                is_won,
                sales_rep_id,
                account_id,
                product_id,
                lead_source,
                territory_id,
                known_by,
                has_reported_time,
                lag(stage_id) over deal as stage_before,
                lag(episode) over deal as episode_before

            from {{ versions }}
            window deal as (partition by {{ deal }} order by valid_from)

        ),

        -- A visit lasts from the version that brings the stage to the one that brings another. A deal
        -- that is reopened into the stage it was in begins a visit of its own.
        entries as (

            select
                *,
                row_number() over deal as visit_number,
                lag(stage_id) over deal as previous_stage_id,
                lead(stage_id) over deal as next_stage_id,
                lead(valid_from) over deal as exited_at,
                lead(valid_from_date) over deal as exited_date,
                lead(has_reported_time) over deal as has_reported_exit_time,
                lead(is_won) over deal as next_is_won,
                lead(is_closed) over deal as next_is_closed

            from versions
            where stage_before is null or stage_before <> stage_id or episode_before <> episode
            window deal as (partition by {{ deal }} order by valid_from)

        ),

        ordered_entries as (

            select
                entries.*,
                stages.stage_order,
                previous_stages.stage_order as previous_stage_order,
                next_stages.stage_order as next_stage_order

            from entries
            left join
                {{ ref('dim_stage_history') }} as stages
                on entries.stage_id = stages.stage_id
                and entries.valid_from >= stages.valid_from
                and entries.valid_from < stages.valid_to
            left join
                {{ ref('dim_stage_history') }} as previous_stages
                on entries.previous_stage_id = previous_stages.stage_id
                and entries.valid_from >= previous_stages.valid_from
                and entries.valid_from < previous_stages.valid_to
            left join
                {{ ref('dim_stage_history') }} as next_stages
                on entries.next_stage_id = next_stages.stage_id
                and entries.exited_at >= next_stages.valid_from
                and entries.exited_at < next_stages.valid_to

        ),

        timed_entries as (

            select entries.*, settings.time_zone

            from ordered_entries as entries
            cross join {{ ref('stg_company__settings') }} as settings

        )

    select
        {%- for key in keys %}
        visits.{{ key }},
        {%- endfor %}
        {{ surrogate_key('visits.opportunity_id', ['visits.visit_number']) }} as stage_visit_key,
        visits.opportunity_id,
        visits.episode,
        visits.visit_number,
        visits.stage_id,
        visits.stage_order,
        visits.previous_stage_id,
        visits.previous_stage_order,
        visits.next_stage_id,
        visits.next_stage_order,
        visits.entered_at,
        visits.exited_at,
        visits.entered_date,
        visits.exited_date,
        visits.days_in_stage,
        visits.outcome,
        visits.is_regression,
        visits.is_closed,
        visits.known_by,
        visits.sales_rep_id,
        {{ or_unknown('reps.team_id') }} as team_id,
        {{ or_unknown('reps.branch_id') }} as branch_id,
        visits.territory_id,
        {{ or_unknown('accounts.segment') }} as segment,
        visits.product_id,
        visits.lead_source

    from
        (
            select
                {%- for key in keys %}
                {{ key }},
                {%- endfor %}
                opportunity_id,
                episode,
                cast(visit_number as bigint) as visit_number,
                stage_id,
                stage_order,
                previous_stage_id,
                previous_stage_order,
                next_stage_id,
                next_stage_order,
                valid_from as entered_at,
                exited_at,
                valid_from_date as entered_date,
                exited_date,
                {{ days_as_reported(
                'valid_from', 'valid_from_date', 'exited_at', 'exited_date',
                'has_reported_time and has_reported_exit_time', 'time_zone'
            ) }} as days_in_stage,
                case
                    when next_stage_id is null
                    then 'open'
                    when is_closed
                    then 'reopened'
                    when next_is_won
                    then 'won'
                    when next_is_closed
                    then 'lost'
                    when next_stage_order > stage_order
                    then 'advanced'
                    when next_stage_order < stage_order
                    then 'regressed'
                    else 'unknown'
                end as outcome,
                coalesce(previous_stage_order > stage_order and not is_closed, false) as is_regression,
                is_closed,
                known_by,
                sales_rep_id,
                account_id,
                territory_id,
                product_id,
                lead_source

            from timed_entries
        ) as visits
    left join
        {{ ref('dim_sales_rep') }} as reps
        on visits.sales_rep_id = reps.sales_rep_id
        and visits.entered_date >= reps.valid_from_date
        and visits.entered_date < reps.valid_to_date
    left join
        {{ ref('dim_account') }} as accounts
        on visits.account_id = accounts.account_id
        and visits.entered_date >= accounts.valid_from_date
        and visits.entered_date < accounts.valid_to_date
{%- endmacro %}
