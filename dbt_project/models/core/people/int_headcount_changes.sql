{{ config(materialized='view') }}

{%- set org_units = ['branch', 'territory', 'team'] -%}
with

    intervals as (

        select
            *,
            valid_from_date = employed_from_date as begins_employment,
            valid_to_date = employed_to_date as ends_employment,
            {%- for org_unit in org_units %}
                lag({{ org_unit }}_id) over (
                    partition by person_id, employment_number order by valid_from_date
                ) as previous_{{ org_unit }}_id,
                lead({{ org_unit }}_id) over (
                    partition by person_id, employment_number order by valid_from_date
                ) as next_{{ org_unit }}_id,
            {%- endfor %}
            case
                when valid_to_date < {{ open_end_date() }} then {{ plus_days('valid_to_date', -1) }}
            end as last_date

        from {{ ref('fct_employment_interval') }}

    ),

    -- Each interval adds a person to its unit and takes the person off it again. Whoever leaves is
    -- counted on the last day, which is still a day employed; a move counts on the first day
    -- after it.
    changes as (

        select
            person_id,
            valid_from_date as change_date,
            valid_from_date as effective_date,
            {%- for org_unit in org_units %}
                {{ org_unit }}_id,
                case
                    when not begins_employment and previous_{{ org_unit }}_id <> {{ org_unit }}_id
                    then 1
                    else 0
                end as {{ org_unit }}_moves_in,
                0 as {{ org_unit }}_moves_out,
            {%- endfor %}
            1 as people_change,
            fte as fte_change,
            case when begins_employment then 1 else 0 end as joiners,
            case when begins_employment and employment_number > 1 then 1 else 0 end as rehires,
            0 as leavers

        from intervals

        union all

        select
            person_id,
            case when ends_employment then last_date else valid_to_date end as change_date,
            valid_to_date as effective_date,
            {%- for org_unit in org_units %}
                {{ org_unit }}_id,
                0 as {{ org_unit }}_moves_in,
                case
                    when not ends_employment and next_{{ org_unit }}_id <> {{ org_unit }}_id
                    then 1
                    else 0
                end as {{ org_unit }}_moves_out,
            {%- endfor %}
            -1 as people_change,
            - fte as fte_change,
            0 as joiners,
            0 as rehires,
            case when ends_employment then 1 else 0 end as leavers

        from intervals
        where last_date is not null

    )

select changes.*

from changes
cross join {{ ref('dim_hr_as_of') }} as hr
where changes.change_date <= hr.as_of_date
