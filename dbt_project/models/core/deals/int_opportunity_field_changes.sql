with

    probability_histories as (

        select distinct source_system

        from {{ ref('stg_crm__opportunity_field_history') }}
        where field_name = 'probability'

    )

select
    changes.history_id,
    changes.opportunity_id,
    changes.source_system,
    changes.field_name,
    changes.old_value,
    changes.new_value,
    changes.changed_at,
    changes.extracted_at,
    probability_histories.source_system is not null as has_probability_history,
    row_number() over field as change_number,
    lead(changes.changed_at) over field as next_changed_at,
    last_value(changes.new_value) over (
        partition by changes.opportunity_id, changes.field_name, changes.changed_at
        order by length(changes.history_id), changes.history_id
        rows between unbounded preceding and unbounded following
    ) as value_of_moment

from {{ ref('stg_crm__opportunity_field_history') }} as changes
left join probability_histories on changes.source_system = probability_histories.source_system
window
    field as (
        partition by changes.opportunity_id, changes.field_name
        order by changes.changed_at, length(changes.history_id), changes.history_id
    )
