{%- set members = level_columns(deal_levels()) %}
with

    exclusions as (

        select opportunity_id, max(changed_date) as excluded_date

        from {{ ref('fct_opportunity_event') }}
        where field_name = 'is_excluded' and new_value = 'true'
        group by opportunity_id

    ),

    -- A deal that was excluded from its first day on never counts; another one counts until that
    -- day.
    counted_deals as (

        select
            deals.opportunity_id,
            case when deals.is_excluded then exclusions.excluded_date end as excluded_date

        from {{ ref('fct_opportunity') }} as deals
        left join exclusions on deals.opportunity_id = exclusions.opportunity_id
        where
            deals.is_last_episode
            and (not deals.is_excluded or exclusions.excluded_date is not null)

    ),

    visits as (

        select visits.*, counted_deals.excluded_date

        from {{ ref('fct_stage_visit') }} as visits
        inner join counted_deals on visits.opportunity_id = counted_deals.opportunity_id

    )

select
    visits.stage_visit_key,
    visits.opportunity_id,
    visits.stage_id,
    {%- for member in members %} visits.{{ member }}, {%- endfor %}
    visits.entered_date as counted_date,
    visits.exited_date,
    visits.days_in_stage,
    visits.outcome,
    visits.excluded_date

from visits
inner join {{ ref('dim_stage') }} as stages on visits.stage_id = stages.stage_id
where not stages.is_closed and stages.stage_id <> 'unknown'

union all

-- A stage is skipped where a deal goes from one before it to one after it, or is won before it.
-- Stages
-- can be renamed and moved: what was skipped is a matter of their order at the time.
select
    visits.stage_visit_key,
    visits.opportunity_id,
    stages.stage_id,
    {%- for member in members %} visits.{{ member }}, {%- endfor %}
    visits.exited_date as counted_date,
    visits.exited_date,
    cast(null as decimal(18, 6)) as days_in_stage,
    'skipped' as outcome,
    visits.excluded_date

from visits
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
