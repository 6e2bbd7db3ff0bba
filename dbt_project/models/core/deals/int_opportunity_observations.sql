{#-
    Each source reports something of a deal at a moment, and nothing of the fields that it does not
    name. Where several speak of one moment, the one that is believed most counts: an extract or
    snapshot of the whole deal (4, 3), a change that the CRM wrote down (2), and what follows from
    another observation (1).
-#}
{%- set fields = tracked_fields() %}
{%- set is_before_history -%}
    coalesce(first_versions.is_closed and first_versions.decided_at < first_observed_stages.observed_at, false)
{%- endset %}
{#- The linter would give each comma that a loop writes a line of its own. #}
with

    extracts as (

        select
            source_system,
            extracted_at,
            lag(extracted_at) over (
                partition by source_system order by extracted_at
            ) as previous_extracted_at

        from
            (
                select distinct source_system, extracted_at

                from {{ ref('stg_landing__extracts') }}
                where source = 'crm' and table_name = 'opportunities'
            ) as opportunity_extracts

    ),

    deals_with_history as (

        select opportunity_id, max(has_stage_history) as has_stage_history

        from
            (
                select
                    opportunity_id,
                    case when field_name = 'stage_id' then 1 else 0 end as has_stage_history

                from {{ ref('stg_crm__opportunity_field_history') }}

                union all

                select opportunity_id, 1 as has_stage_history

                from {{ ref('stg_crm__opportunity_stage_history') }}

                union all

                select opportunity_id, 1 as has_stage_history

                from {{ ref('stg_crm__opportunity_snapshots') }}
            ) as histories
        group by opportunity_id

    ),

    probability_histories as (

        select distinct source_system

        from {{ ref('stg_crm__opportunity_field_history') }}
        where field_name = 'probability'

    ),

    -- Only deals that an extract has shown: of others nothing but their changes is known.
    extract_versions as (

        select
            dated.opportunity_id,
            dated.version_number,
            dated.source_system,
            dated.extracted_at,
            dated.began_at,
            dated.first_shows_at,
            dated.decided_at,
            dated.is_closed,
            dated.is_current,
            deals_with_history.has_stage_history,
            {%- for field in fields %} versions.{{ field }}, {%- endfor %}
            lag(dated.is_closed) over deal as was_closed,
            lag(dated.extracted_at) over deal as previous_version_extracted_at

        from {{ ref('int_opportunity_versions_dated') }} as dated
        inner join deals_with_history on dated.opportunity_id = deals_with_history.opportunity_id
        inner join
            {{ ref('stg_crm__opportunities_history') }} as versions
            on dated.opportunity_id = versions.opportunity_id
            and dated.version_number = versions.version_number
        window deal as (partition by dated.opportunity_id order by dated.version_number)

    ),

    -- A closing that no history tells dates itself, as long as no extract had shown the deal open
    -- since.
    timed_versions as (

        select
            versions.*,
            case
                when versions.has_stage_history = 1 or not versions.is_closed or versions.was_closed
                then versions.extracted_at
                when versions.version_number = 1
                then versions.first_shows_at
                when
                    versions.decided_at > greatest(
                        versions.previous_version_extracted_at,
                        coalesce(
                            extracts.previous_extracted_at, versions.previous_version_extracted_at
                        )
                    )
                then versions.decided_at
                else versions.extracted_at
            end as observed_at

        from extract_versions as versions
        left join
            extracts
            on versions.source_system = extracts.source_system
            and versions.extracted_at = extracts.extracted_at

    ),

    numbered_changes as (

        select
            changes.*,
            probability_histories.source_system is not null as has_probability_history,
            row_number() over field as change_number,
            lead(changes.changed_at) over field as next_changed_at,
            last_value(changes.new_value) over (
                partition by changes.opportunity_id, changes.field_name, changes.changed_at
                order by length(changes.history_id), changes.history_id
                rows between unbounded preceding and unbounded following
            ) as value_of_moment

        from {{ ref('stg_crm__opportunity_field_history') }} as changes
        left join
            probability_histories on changes.source_system = probability_histories.source_system
        window
            field as (
                partition by changes.opportunity_id, changes.field_name
                order by changes.changed_at, length(changes.history_id), changes.history_id
            )

    ),

    -- No deal is ever without a stage: a first change of stage from nothing says where the history
    -- begins, at the deal's creation or when a migration wrote it. What else it tells from nothing
    -- at that moment is likewise how the deal stood then.
    history_beginnings as (

        select opportunity_id, changed_at as begins_at

        from numbered_changes
        where field_name = 'stage_id' and change_number = 1 and nullif(old_value, '') is null

    ),

    -- What a field held before its first change, or where its history begins.
    held_values as (

        select
            changes.*,
            case
                when beginnings.opportunity_id is not null
                then changes.value_of_moment
                else changes.old_value
            end as held_value

        from numbered_changes as changes
        left join
            history_beginnings as beginnings
            on changes.opportunity_id = beginnings.opportunity_id
            and changes.changed_at = beginnings.begins_at
            and nullif(changes.old_value, '') is null
        where changes.change_number = 1

    ),

    stage_changes as (

        select distinct opportunity_id, changed_at

        from numbered_changes
        where field_name = 'stage_id'

    ),

    -- Stays without a time of day often begin at one moment: the deal is in the one that it left
    -- last. A change of stage that the history of fields tells of that moment says it more exactly.
    ranked_stays as (

        select
            stays.*,
            row_number() over (
                partition by stays.opportunity_id, stays.entered_at
                order by
                    stays.exited_at desc nulls first,
                    stages.stage_order desc nulls last,
                    length(stays.stage_history_id) desc,
                    stays.stage_history_id desc
            ) as recency

        from {{ ref('stg_crm__opportunity_stage_history') }} as stays
        left join {{ ref('dim_stage') }} as stages on stays.stage_id = stages.stage_id
        left join
            stage_changes
            on stays.opportunity_id = stage_changes.opportunity_id
            and stays.entered_at = stage_changes.changed_at
        where stage_changes.opportunity_id is null

    ),

    first_versions as (select * from timed_versions where version_number = 1),

    observed_stages as (

        select
            opportunity_id,
            held_value as stage_id,
            changed_at as observed_at,
            nullif(old_value, '') is not null as is_left_then

        from held_values
        where field_name = 'stage_id'

        union all

        select opportunity_id, stage_id, entered_at as observed_at, false as is_left_then

        from ranked_stays
        where recency = 1

        union all

        select opportunity_id, stage_id, snapshot_at as observed_at, false as is_left_then

        from {{ ref('stg_crm__opportunity_snapshots') }}

    ),

    first_observed_stages as (

        select
            observed_stages.opportunity_id,
            observed_stages.observed_at,
            observed_stages.is_left_then,
            stages.stage_id,
            stages.is_closed,
            row_number() over (
                partition by observed_stages.opportunity_id
                order by observed_stages.observed_at, stages.is_closed nulls last, stages.stage_id
            ) as rank

        from observed_stages
        left join {{ ref('dim_stage') }} as stages on observed_stages.stage_id = stages.stage_id

    ),

    -- A history that begins with a closed stage does not tell the closing: that came before, on the
    -- day that the deal itself names. Otherwise all deals closed before a migration would be closed
    -- by it, and those whose closed stage was changed later by their creation. Where the deal names
    -- no such day, a closed stage that was left is only known to have been there until then.
    unobserved_closings as (

        select
            first_observed_stages.opportunity_id,
            first_observed_stages.stage_id,
            first_versions.extracted_at,
            -- A migration may have written the creation as well.
            case
                when {{ is_before_history }}
                then
                    least(
                        greatest(first_versions.began_at, first_versions.decided_at),
                        first_observed_stages.observed_at - interval '1' microsecond
                    )
                else first_observed_stages.observed_at - interval '1' microsecond
            end as closed_at,
            not {{ is_before_history }} as observes_transition

        from first_observed_stages
        inner join
            first_versions on first_observed_stages.opportunity_id = first_versions.opportunity_id
        where
            first_observed_stages.rank = 1
            and first_observed_stages.is_closed
            and (first_observed_stages.is_left_then or {{ is_before_history }})

    ),

    history_records as (

        select distinct extracted_at as recorded_at

        from {{ ref('stg_crm__opportunity_field_history') }}

    ),

    earlier_extracts as (

        select history_records.recorded_at, max(extracts.extracted_at) as last_extract_before

        from history_records
        inner join extracts on history_records.recorded_at > extracts.extracted_at
        group by history_records.recorded_at

    ),

    -- What happened before an extract that had been landed already when it was recorded.
    late_changes as (

        select changes.*

        from {{ ref('stg_crm__opportunity_field_history') }} as changes
        inner join
            earlier_extracts
            on changes.extracted_at = earlier_extracts.recorded_at
            and changes.changed_at <= earlier_extracts.last_extract_before

    ),

    -- An extract can lag behind: it shows what had been replaced by then by a change that was
    -- recorded later. The deal's current row is not believed to lag; it contradicts its history.
    outdated_fields as (

        select
            versions.opportunity_id,
            versions.version_number,
            {%- for field in fields %}
                max(
                    case when changes.field_name = '{{ field }}' then 1 end
                ) as {{ field }}{{ ',' if not loop.last }}
            {%- endfor %}

        from extract_versions as versions
        inner join
            late_changes as changes
            on versions.opportunity_id = changes.opportunity_id
            and versions.extracted_at >= changes.changed_at
            and versions.extracted_at < changes.extracted_at
        where
            not versions.is_current
            and case
                changes.field_name
                {%- for field, type in fields.items() %}
                    when '{{ field }}'
                    then
                        versions.{{ field }}
                        is not distinct from cast(nullif(changes.old_value, '') as {{ type }})
                {%- endfor %}
            end
        group by versions.opportunity_id, versions.version_number

    )

select
    versions.opportunity_id,
    versions.observed_at,
    versions.extracted_at as recorded_at,
    4 as source_rank,
    false as observes_transition,
    versions.version_number,
    {%- for field in fields %}
        case
            when outdated_fields.{{ field }} is null
            then {{ ranked_observation(4, 'versions.' ~ field) }}
        end as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from timed_versions as versions
left join
    outdated_fields
    on versions.opportunity_id = outdated_fields.opportunity_id
    and versions.version_number = outdated_fields.version_number

union all

select
    snapshots.opportunity_id,
    snapshots.snapshot_at as observed_at,
    greatest(snapshots.extracted_at, first_versions.extracted_at) as recorded_at,
    3 as source_rank,
    false as observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        {{ ranked_observation(3, 'snapshots.' ~ field) }} as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from {{ ref('stg_crm__opportunity_snapshots') }} as snapshots
inner join first_versions on snapshots.opportunity_id = first_versions.opportunity_id

union all

-- Of changes in the same second the last counts. A stage that changes takes its probability
-- along, unless the system's history tells that itself.
select
    changes.opportunity_id,
    changes.changed_at as observed_at,
    greatest(changes.extracted_at, first_versions.extracted_at) as recorded_at,
    2 as source_rank,
    changes.field_name = 'stage_id' as observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        case
            when changes.field_name = '{{ field }}'
            then {{ ranked_observation(2, 'changes.new_value') }}
            {%- if field == 'probability' %}
                when changes.field_name = 'stage_id' and not changes.has_probability_history
                then '1'
            {%- endif %}
        end as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from numbered_changes as changes
inner join first_versions on changes.opportunity_id = first_versions.opportunity_id
where coalesce(changes.next_changed_at > changes.changed_at, true)

union all

select
    stays.opportunity_id,
    stays.entered_at as observed_at,
    greatest(stays.extracted_at, first_versions.extracted_at) as recorded_at,
    1 as source_rank,
    true as observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        {%- if field == 'stage_id' %}
            {{ ranked_observation(2, 'stays.stage_id') }} as {{ field }}{{ ',' if not loop.last }}
        {%- elif field == 'probability' %}
            case
                when probability_histories.source_system is null then '1'
            end as {{ field }}{{ ',' if not loop.last }}
        {%- else %} cast(null as string) as {{ field }}{{ ',' if not loop.last }}
        {%- endif %}
    {%- endfor %}

from ranked_stays as stays
left join probability_histories on stays.source_system = probability_histories.source_system
inner join first_versions on stays.opportunity_id = first_versions.opportunity_id
where stays.recency = 1

union all

-- What a field held before its first change it has held since the deal began; no deal began closed.
-- That is news, unless the first extract showed the same.
select
    changes.opportunity_id,
    least(first_versions.began_at, changes.changed_at) as observed_at,
    case
        {%- for field, type in fields.items() %}
            when
                changes.field_name = '{{ field }}'
                and (
                    first_versions.{{ field }}
                    is not distinct from cast(nullif(changes.held_value, '') as {{ type }})
                )
            then first_versions.extracted_at
        {%- endfor %}
        else changes.extracted_at
    end as recorded_at,
    0 as source_rank,
    false as observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        case
            when changes.field_name = '{{ field }}'
            then {{ ranked_observation(0, 'changes.held_value') }}
        end as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from held_values as changes
inner join first_versions on changes.opportunity_id = first_versions.opportunity_id
left join
    {{ ref('dim_stage') }} as stages
    on changes.field_name = 'stage_id'
    and changes.held_value = stages.stage_id
where not coalesce(stages.is_closed, false)

union all

select
    opportunity_id,
    closed_at as observed_at,
    extracted_at as recorded_at,
    0 as source_rank,
    observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        {%- if field == 'stage_id' %}
            {{ ranked_observation(0, 'stage_id') }} as {{ field }}{{ ',' if not loop.last }}
        {%- else %} cast(null as string) as {{ field }}{{ ',' if not loop.last }}
        {%- endif %}
    {%- endfor %}

from unobserved_closings

union all

select
    opportunity_id,
    began_at as observed_at,
    extracted_at as recorded_at,
    0 as source_rank,
    false as observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        cast(null as string) as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from timed_versions
where version_number = 1 and began_at < observed_at
