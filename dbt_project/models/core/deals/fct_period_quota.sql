with

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

        from {{ ref('int_quotas_by_member') }} as quotas
        inner join
            {{ ref('dim_period') }} as known_periods
            on quotas.period_start >= known_periods.period_start
            and quotas.period_end <= known_periods.period_end
        where known_periods.last_known_date is not null
        group by
            quotas.level, quotas.member_id, known_periods.period_grain, known_periods.period_start

    )

select
    level,
    member_id,
    period_grain,
    period_start,
    {%- for value in ['full_quota_value', 'ramped_quota_value', 'quota_value'] %}
        cast(
            case
                {%- for grain in period_grains() | reverse %}
                    when quota_value_by_{{ grain }} is not null then {{ value }}_by_{{ grain }}
                {%- endfor %}
            end as decimal(18, 2)
        ) as {{ value }},
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
