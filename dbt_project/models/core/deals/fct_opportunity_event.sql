{%- set fields = {
    'stage_id': 'stage_id',
    'owner_id': 'sales_rep_id',
    'territory_id': 'territory_id',
    'forecast_category': 'forecast_category',
    'currency_code': 'currency_code',
    'amount': 'amount',
    'probability': 'probability',
    'expected_close_date': 'expected_close_date',
    'is_excluded': 'is_excluded',
} %}
with

    fields as (

        {%- for field in fields %}
            select '{{ field }}' as field_name {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    versions as (

        select
            opportunity_version_key,
            opportunity_id,
            episode,
            source_system,
            known_by,
            recorded_at,
            is_recorded_late,
            valid_from,
            valid_from_date,
            sales_rep_id as owner_now,
            {%- for column in fields.values() %}
                cast({{ column }} as string) as {{ column }},
                lag(cast({{ column }} as string)) over deal as old_{{ column }},
            {%- endfor %}
            row_number() over deal as version_number

        from {{ ref('fct_opportunity_version') }}
        window deal as (partition by opportunity_id order by valid_from)

    ),

    -- The first version of a deal is its beginning and changes nothing.
    changes as (

        select
            versions.opportunity_version_key,
            versions.opportunity_id,
            versions.episode,
            versions.source_system,
            versions.known_by,
            versions.recorded_at,
            versions.is_recorded_late,
            versions.valid_from,
            versions.valid_from_date,
            versions.owner_now,
            fields.field_name,
            case
                fields.field_name
                {%- for field, column in fields.items() %}
                    when '{{ field }}' then versions.old_{{ column }}
                {%- endfor %}
            end as old_value,
            case
                fields.field_name
                {%- for field, column in fields.items() %}
                    when '{{ field }}' then versions.{{ column }}
                {%- endfor %}
            end as new_value

        from versions
        cross join fields
        where versions.version_number > 1

    )

select
    {{ surrogate_key('opportunity_version_key', ['field_name']) }} as opportunity_event_key,
    opportunity_id,
    episode,
    field_name,
    old_value,
    new_value,
    valid_from as changed_at,
    valid_from_date as changed_date,
    owner_now as sales_rep_id,
    known_by,
    recorded_at,
    is_recorded_late,
    source_system

from changes
where old_value is distinct from new_value
