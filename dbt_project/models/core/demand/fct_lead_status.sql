{#- An extract shows what comes after all that a history reports. -#}
{%- set in_order = "case when changes.known_by = 'extract' then 1 else 0 end, changes.change_number" -%}
with

    compared_changes as (

        select
            changes.*,
            lag(changes.lead_status_id) over (
                partition by changes.lead_id order by {{ in_order }}
            ) as previous_lead_status_id

        from {{ ref('int_lead_status_changes') }} as changes

    ),

    -- A lead without a status stays in none; that it has none ends the stay before.
    stays as (

        select
            changes.*,
            statuses.lead_status_name,
            statuses.lead_step,
            lead(changes.valid_from_date) over stays_of_lead as next_valid_from_date,
            lead(changes.entered_at) over stays_of_lead as next_entered_at,
            count(changes.lead_status_id) over (
                partition by changes.lead_id
                order by {{ in_order }}
                rows between unbounded preceding and current row
            ) as stay_number,
            max(case when statuses.lead_step = 'recycled' then 1 else 0 end) over (
                partition by changes.lead_id
                order by {{ in_order }}
                rows between unbounded preceding and 1 preceding
            )
            = 1 as was_recycled

        from compared_changes as changes
        left join
            {{ ref('stg_crm__lead_statuses') }} as statuses
            on changes.lead_status_id = statuses.lead_status_id
        where changes.lead_status_id is distinct from changes.previous_lead_status_id
        window stays_of_lead as (partition by changes.lead_id order by {{ in_order }})

    )

select
    {{ surrogate_key('stays.lead_id', ['stays.stay_number']) }} as lead_status_key,
    stays.lead_id,
    stays.stay_number,
    stays.lead_status_id,
    coalesce(stays.lead_status_name, stays.lead_status_id) as lead_status_name,
    stays.lead_step,
    stays.previous_lead_status_id,
    {{ or_unknown('reps.sales_rep_id') }} as sales_rep_id,
    {{ or_unknown('reps.team_id') }} as team_id,
    {{ or_unknown('reps.branch_id') }} as branch_id,
    stays.valid_from_date,
    coalesce(stays.next_valid_from_date, {{ open_end_date() }}) as valid_to_date,
    stays.next_valid_from_date is null as is_current,
    stays.entered_at,
    stays.known_by,
    stays.is_start_known,
    case
        when not stays.is_start_known
        then null
        when stays.entered_at <= stays.next_entered_at
        then {{ days_with_fraction('stays.entered_at', 'stays.next_entered_at') }}
        else
            cast(
                {{ days_between(
                    'stays.valid_from_date',
                    'coalesce(stays.next_valid_from_date, warehouse.as_of_date)'
                ) }} as decimal(18, 6)
            )
    end as days_in_status,
    coalesce(stays.was_recycled, false) as is_recycled_round

from stays
cross join {{ ref('dim_as_of') }} as warehouse
-- Where a change does not say who had the lead, the extract of that day does, or the first one.
left join
    {{ ref('int_lead_versions') }} as versions
    on stays.lead_id = versions.lead_id
    and stays.valid_from_date >= case
        when versions.version_number = 1 then {{ open_start_date() }} else versions.known_from_date
    end
    and stays.valid_from_date < versions.known_to_date
left join
    {{ ref('dim_sales_rep') }} as reps
    on coalesce(stays.owner_id, versions.owner_sales_rep_id) = reps.sales_rep_id
    and stays.valid_from_date >= reps.valid_from_date
    and stays.valid_from_date < reps.valid_to_date
where stays.lead_status_id is not null
