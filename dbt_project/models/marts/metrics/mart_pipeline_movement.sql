{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set members = level_columns(deal_levels()) %}
-- noqa: disable=LT02,LT05,ST06
with

open_spans as (

    {{ open_spans() }}

),

known_periods as (

    {{ known_periods() }}

),

-- Every state that lasted until the end of a day, one after the other. What a deal was while it was
-- decided matters only as what came before and after.
states as (

    select
        opportunity_id,
        'open' as state,
        open_value,
        expected_close_date,
        {%- for member in members %}
        {{ member }},
        {%- endfor %}
        starts_on

    from open_spans

    union all

    select
        opportunity_id,
        case
            when is_excluded then 'excluded'
            when is_won then 'won'
            else 'lost'
        end as state,
        cast(null as decimal(18, 2)) as open_value,
        cast(null as date) as expected_close_date,
        {%- for member in members %}
        cast(null as string) as {{ member }},
        {%- endfor %}
        valid_from_date as starts_on

    from {{ ref('fct_opportunity_version') }}
    where
        valid_from_date < valid_to_date
        and (is_closed or is_excluded)

),

neighbours as (

    select
        *,
        lag(state) over deal as state_before,
        lag(open_value) over deal as value_before,
        lag(expected_close_date) over deal as expected_before,
        lead(state) over deal as state_after,
        lead(expected_close_date) over deal as expected_after,
        lead(starts_on) over deal as ends_on

    from states
    window deal as (partition by opportunity_id order by starts_on)

),

-- A deal is in the pipeline of a period while it is open and expected to close in it. What it brings
-- when it comes in or grows is given to those whom it counts for from then on.
entries as (

    {%- for grain in period_grains() %}
    select
        '{{ grain }}' as period_grain,
        calendar.{{ grain }}_start as period_start,
        calendar.{{ grain }}_end as period_end,
        spans.*,
        coalesce(
            spans.state_before = 'open'
            and spans.expected_before between calendar.{{ grain }}_start and calendar.{{ grain }}_end,
            false
        ) as was_in

    from neighbours as spans
    inner join {{ ref('dim_date') }} as calendar on spans.starts_on = calendar.date_day
    where
        spans.state = 'open'
        and spans.expected_close_date between calendar.{{ grain }}_start and calendar.{{ grain }}_end
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- What it takes away when it leaves is taken from those whom it counted for until then.
exits as (

    {%- for grain in period_grains() %}
    select
        '{{ grain }}' as period_grain,
        calendar.{{ grain }}_start as period_start,
        calendar.{{ grain }}_end as period_end,
        spans.*,
        coalesce(
            spans.state_after = 'open'
            and spans.expected_after between calendar.{{ grain }}_start and calendar.{{ grain }}_end,
            false
        ) as stays_in

    from neighbours as spans
    inner join {{ ref('dim_date') }} as calendar on spans.ends_on = calendar.date_day
    where
        spans.state = 'open'
        and spans.expected_close_date between calendar.{{ grain }}_start and calendar.{{ grain }}_end
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

effects as (

    select
        'restated' as basis,
        period_grain,
        period_start,
        period_end,
        {%- for member in members %}
        {{ member }},
        {%- endfor %}
        0 as start_value,
        case when coalesce(state_before, 'excluded') = 'excluded' then open_value else 0 end
            as created_value,
        case when was_in and open_value > value_before then open_value - value_before else 0 end
            as increased_value,
        case when state_before = 'open' and not was_in then open_value else 0 end
            as pulled_in_value,
        case when state_before in ('won', 'lost') then open_value else 0 end as reopened_value,
        case when was_in and open_value < value_before then value_before - open_value else 0 end
            as decreased_value,
        0 as pushed_out_value,
        0 as won_value,
        0 as lost_value,
        0 as removed_value,
        case when was_in then value_before else 0 end as transferred_value,
        0 as end_value

    from entries

    union all

    select
        'restated' as basis,
        period_grain,
        period_start,
        period_end,
        {%- for member in members %}
        {{ member }},
        {%- endfor %}
        0 as start_value,
        0 as created_value,
        0 as increased_value,
        0 as pulled_in_value,
        0 as reopened_value,
        0 as decreased_value,
        case when state_after = 'open' and not stays_in then open_value else 0 end
            as pushed_out_value,
        case when state_after = 'won' then open_value else 0 end as won_value,
        case when state_after = 'lost' then open_value else 0 end as lost_value,
        case when state_after = 'excluded' then open_value else 0 end as removed_value,
        case when stays_in then -open_value else 0 end as transferred_value,
        0 as end_value

    from exits

    union all

    {%- for grain in period_grains() %}
    select
        'restated' as basis,
        known_periods.period_grain,
        known_periods.period_start,
        known_periods.period_end,
        {%- for member in members %}
        open_spans.{{ member }},
        {%- endfor %}
        case
            when
                open_spans.starts_on < known_periods.period_start
                and open_spans.ends_on >= known_periods.period_start
                then open_spans.open_value
            else 0
        end as start_value,
        0 as created_value,
        0 as increased_value,
        0 as pulled_in_value,
        0 as reopened_value,
        0 as decreased_value,
        0 as pushed_out_value,
        0 as won_value,
        0 as lost_value,
        0 as removed_value,
        0 as transferred_value,
        case
            when
                open_spans.starts_on <= known_periods.last_known_date
                and open_spans.ends_on > known_periods.last_known_date
                then open_spans.open_value
            else 0
        end as end_value

    from open_spans
    inner join {{ ref('dim_date') }} as calendar
        on open_spans.expected_close_date = calendar.date_day
    inner join known_periods
        on
            calendar.{{ grain }}_start = known_periods.period_start
            and known_periods.period_grain = '{{ grain }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

by_member as (

    {{ rolled_up_by('effects', keys=['period_grain', 'period_start', 'period_end'], measures={
        'start_value': money_sum('facts.start_value'),
        'created_value': money_sum('facts.created_value'),
        'increased_value': money_sum('facts.increased_value'),
        'pulled_in_value': money_sum('facts.pulled_in_value'),
        'reopened_value': money_sum('facts.reopened_value'),
        'decreased_value': money_sum('facts.decreased_value'),
        'pushed_out_value': money_sum('facts.pushed_out_value'),
        'won_value': money_sum('facts.won_value'),
        'lost_value': money_sum('facts.lost_value'),
        'removed_value': money_sum('facts.removed_value'),
        'transferred_value': money_sum('facts.transferred_value'),
        'end_value': money_sum('facts.end_value'),
    }) }}

)

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,

    by_member.start_value,
    by_member.created_value,
    by_member.increased_value,
    by_member.pulled_in_value,
    by_member.reopened_value,
    by_member.decreased_value,
    by_member.pushed_out_value,
    by_member.won_value,
    by_member.lost_value,
    by_member.end_value,
    by_member.removed_value,
    by_member.transferred_value

from by_member
left join {{ ref('int_level_members_named') }} as members
    on
        by_member.level = members.level
        and by_member.member_id = members.member_id
-- A period in which nothing was expected to close, and nothing was before or after.
where
    by_member.start_value <> 0
    or by_member.end_value <> 0
    or by_member.created_value <> 0
    or by_member.pulled_in_value <> 0
    or by_member.reopened_value <> 0
    or by_member.increased_value <> 0
    or by_member.transferred_value <> 0
