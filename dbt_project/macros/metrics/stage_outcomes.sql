{#
    What stays in stages came to: one row per stay in an open stage, and per stage that a deal skipped.

    Arguments:
        visits: a CTE with the columns of fct_stage_visit and excluded_date.
        keys: further columns of it to hand through.

    Gives: the keys, then the columns of fct_stage_outcome.
#}
{% macro stage_outcomes(visits, keys=[]) %}
    select
        {%- for key in keys %}
        visits.{{ key }},
        {%- endfor %}
        visits.stage_visit_key,
        visits.opportunity_id,
        visits.stage_id,
        {%- for member in level_columns(deal_levels()) %} visits.{{ member }}, {%- endfor %}
        visits.entered_date as counted_date,
        visits.exited_date,
        visits.days_in_stage,
        visits.outcome,
        visits.excluded_date

    from {{ visits }} as visits
    inner join {{ ref('dim_stage') }} as stages on visits.stage_id = stages.stage_id
    where not stages.is_closed and stages.stage_id <> 'unknown'

    union all

    -- A stage is skipped where a deal goes from one before it to one after it, or is won before it. Stages
    -- can be renamed and moved: what was skipped is a matter of their order at the time.
    select
        {%- for key in keys %}
        visits.{{ key }},
        {%- endfor %}
        visits.stage_visit_key,
        visits.opportunity_id,
        stages.stage_id,
        {%- for member in level_columns(deal_levels()) %} visits.{{ member }}, {%- endfor %}
        visits.exited_date as counted_date,
        visits.exited_date,
        cast(null as decimal(18, 6)) as days_in_stage,
        'skipped' as outcome,
        visits.excluded_date

    from {{ visits }} as visits
    inner join
        {{ ref('dim_stage_history') }} as stages
        on visits.exited_date >= stages.valid_from_date
        and visits.exited_date < stages.valid_to_date
        and visits.stage_order < stages.stage_order
        and (
            visits.outcome = 'won'
            or (visits.outcome = 'advanced' and visits.next_stage_order > stages.stage_order)
        )
    where not stages.is_closed and stages.stage_id <> 'unknown'
{%- endmacro %}
