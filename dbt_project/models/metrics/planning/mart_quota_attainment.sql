with

    known_periods as (select * from {{ ref('dim_period') }} where last_known_date is not null),

    frozen_periods as (select * from {{ ref('dim_period') }} where is_frozen),

    -- What holds for a member in a period that somebody set targets for: the lowered target of a
    -- new hire, else the full one.
    set_quotas as (

        select
            level,
            member_id,
            period_grain,
            period_start,
            period_end,
            sum(case when quota_kind = 'full' then quota_value end) as full_quota_value,
            sum(case when quota_kind = 'ramped' then quota_value end) as ramped_quota_value

        from {{ ref('fct_quota') }}
        where is_in_force and level <> 'manager'
        group by level, member_id, period_grain, period_start, period_end

    ),

    own_quotas as (

        select *, coalesce(ramped_quota_value, full_quota_value) as quota_value from set_quotas

    ),

    -- Those above a rep have the targets of the reps who were theirs when the period began, unless
    -- they have their own.
    rep_quotas as (

        select
            quotas.*,
            {{ or_unknown('reps.team_id') }} as team_id,
            {{ or_unknown('reps.branch_id') }} as branch_id,
            {{ or_unknown('reps.territory_id') }} as territory_id

        from own_quotas as quotas
        left join
            {{ ref('dim_sales_rep') }} as reps
            on quotas.member_id = reps.sales_rep_id
            and quotas.period_start >= reps.valid_from_date
            and quotas.period_start < reps.valid_to_date
        where quotas.level = 'rep'

    ),

    offered_quotas as (

        select
            level,
            member_id,
            period_grain,
            period_start,
            period_end,
            1 as preference,
            'own' as quota_source,
            full_quota_value,
            ramped_quota_value,
            quota_value

        from own_quotas

        {% for level, column in {
        'team': 'team_id', 'branch': 'branch_id', 'territory': 'territory_id', 'company': none,
    }.items() -%}
            union all

            select
                '{{ level }}' as level,
                {{ column or "'all'" }} as member_id,
                period_grain,
                period_start,
                period_end,
                2 as preference,
                'reps' as quota_source,
                sum(full_quota_value) as full_quota_value,
                sum(ramped_quota_value) as ramped_quota_value,
                sum(quota_value) as quota_value

            from rep_quotas
            group by {% if column %} {{ column }},{% endif %} period_grain, period_start, period_end

        {% endfor -%}
        union all

        select
            'company' as level,
            'all' as member_id,
            period_grain,
            period_start,
            period_end,
            3 as preference,
            'teams' as quota_source,
            sum(full_quota_value) as full_quota_value,
            sum(ramped_quota_value) as ramped_quota_value,
            sum(quota_value) as quota_value

        from own_quotas
        where level = 'team'
        group by period_grain, period_start, period_end

    ),

    ranked_quotas as (

        select
            *,
            row_number() over (
                partition by level, member_id, period_grain, period_start order by preference
            ) as place

        from offered_quotas

    ),

    preferred_quotas as (select * from ranked_quotas where place = 1),

    -- A longer period without a target of its own has those of its parts; what was set for a whole
    -- quarter is not broken down to months that nobody set.
    period_quotas as (

        select
            quotas.level,
            quotas.member_id,
            known_periods.period_grain,
            known_periods.period_start,
            {%- for grain in period_grains() %}
                {%- for value in ['full_quota_value', 'ramped_quota_value', 'quota_value'] %}
                    sum(
                        case when quotas.period_grain = '{{ grain }}' then quotas.{{ value }} end
                    ) as {{ value }}_by_{{ grain }},
                {%- endfor %}
                min(
                    case when quotas.period_grain = '{{ grain }}' then quotas.quota_source end
                ) as first_source_by_{{ grain }},
                max(
                    case when quotas.period_grain = '{{ grain }}' then quotas.quota_source end
                ) as last_source_by_{{ grain }}{{ ',' if not loop.last }}
            {%- endfor %}

        from preferred_quotas as quotas
        inner join
            known_periods
            on quotas.period_start >= known_periods.period_start
            and quotas.period_end <= known_periods.period_end
        group by
            quotas.level, quotas.member_id, known_periods.period_grain, known_periods.period_start

    ),

    quotas as (

        select
            level,
            member_id,
            period_grain,
            period_start,
            {%- for value in ['full_quota_value', 'ramped_quota_value', 'quota_value'] %}
                case
                    {%- for grain in period_grains() | reverse %}
                        when quota_value_by_{{ grain }} is not null then {{ value }}_by_{{ grain }}
                    {%- endfor %}
                end as {{ value }},
            {%- endfor %}
            case
                {%- for grain in period_grains() | reverse %}
                    when
                        quota_value_by_{{ grain }} is not null
                        and first_source_by_{{ grain }} <> last_source_by_{{ grain }}
                    then 'mixed'
                    when quota_value_by_{{ grain }} is not null
                    then first_source_by_{{ grain }}
                {%- endfor %}
            end as quota_source

        from period_quotas

    ),

    -- Targets have no past of their own: a frozen period is measured by those that hold now.
    quotas_by_basis as (

        select 'restated' as basis, quotas.*

        from quotas

        union all

        select 'as_closed' as basis, quotas.*

        from quotas
        inner join
            frozen_periods
            on quotas.period_grain = frozen_periods.period_grain
            and quotas.period_start = frozen_periods.period_start

    ),

    won_values as (

        select
            outcomes.basis,
            outcomes.level,
            outcomes.member_id,
            outcomes.period_grain,
            outcomes.period_start,
            outcomes.won_value

        from {{ ref('mart_deal_outcome') }} as outcomes
        inner join
            known_periods
            on outcomes.period_grain = known_periods.period_grain
            and outcomes.period_start = known_periods.period_start
        where
            outcomes.level in ('company', 'branch', 'territory', 'team', 'rep')
            and outcomes.won_value <> 0

    ),

    both_parts as (

        select
            coalesce(quotas.basis, won_values.basis) as basis,
            coalesce(quotas.level, won_values.level) as level,
            coalesce(quotas.member_id, won_values.member_id) as member_id,
            coalesce(quotas.period_grain, won_values.period_grain) as period_grain,
            coalesce(quotas.period_start, won_values.period_start) as period_start,
            quotas.quota_source,
            quotas.full_quota_value,
            quotas.ramped_quota_value,
            quotas.quota_value,
            coalesce(won_values.won_value, 0) as won_value

        from quotas_by_basis as quotas
        full outer join
            won_values
            on quotas.basis = won_values.basis
            and quotas.level = won_values.level
            and quotas.member_id = won_values.member_id
            and quotas.period_grain = won_values.period_grain
            and quotas.period_start = won_values.period_start

    )

select
    parts.period_grain,
    parts.period_start,
    periods.period_end,
    parts.level,
    parts.member_id,
    coalesce(members.member_name, parts.member_id) as member_name,
    parts.basis,

    cast(parts.quota_value as decimal(18, 2)) as quota_value,
    cast(parts.won_value as decimal(18, 2)) as won_value,
    {{ ratio('parts.won_value', 'parts.quota_value') }} as attainment,
    cast(parts.quota_value - parts.won_value as decimal(18, 2)) as gap_value,
    cast(
        case
            when parts.quota_value > parts.won_value
            then parts.quota_value - parts.won_value
            when parts.quota_value is not null
            then 0
        end as double
    ) / nullif(
        periods.business_days - periods.elapsed_business_days, 0
    ) as required_per_remaining_day,
    {{ ratio(
        'parts.won_value * periods.business_days',
        'parts.quota_value * periods.elapsed_business_days'
    ) }} as pace,
    cast(parts.full_quota_value as decimal(18, 2)) as full_quota_value,
    cast(parts.ramped_quota_value as decimal(18, 2)) as ramped_quota_value,
    cast(
        cast(parts.quota_value as double)
        * periods.elapsed_business_days
        / nullif(periods.business_days, 0) as decimal(18, 2)
    ) as prorated_quota_value,
    parts.quota_source,
    periods.business_days as period_business_days,
    periods.elapsed_business_days,
    periods.period_label,
    periods.is_running

from both_parts as parts
left join
    {{ ref('dim_member') }} as members
    on parts.level = members.level
    and parts.member_id = members.member_id
inner join
    {{ ref('dim_period') }} as periods
    on parts.period_grain = periods.period_grain
    and parts.period_start = periods.period_start
