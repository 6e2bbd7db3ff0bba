{%- set hours_before_shares = [
    'scheduled', 'leave', 'holiday', 'available', 'selling', 'meeting', 'training', 'admin', 'other', 'unrecorded',
] -%}
{%- set hours_after_shares = ['recorded', 'unclassified', 'split_available'] %}
with

    cells as (

        select
            mart.*,
            -- What was known at the freeze is published of the people of now: whoever is in one of
            -- both only, the other tells.
            coalesce(
                checked.is_published
                and mart.people = max(case when mart.basis = 'restated' then mart.people end) over (
                    partition by mart.period_grain, mart.period_start, mart.level, mart.member_id
                ),
                false
            ) as is_published

        from {{ ref('mart_selling_time_unsuppressed') }} as mart
        left join
            {{ ref('fct_time_cell') }} as checked
            on mart.period_grain = checked.period_grain
            and mart.period_start = checked.period_start
            and mart.level = checked.level
            and mart.member_id = checked.member_id

    ),

    -- Of few people only the share of selling is published. From the exact fraction the hours
    -- that it was made of could be found again, and an empty one would tell a month of leave
    -- from a month without a sale.
    rounded_shares as (

        select
            *,
            case
                when is_published
                then selling_time_share
                else nullif(floor(selling_time_share * 100 + 0.5) / 100.0e0, 0)
            end as published_selling_time_share

        from cells

    )

select
    period_grain,
    period_start,
    period_end,
    level,
    member_id,
    member_name,
    basis,

    {%- for part in hours_before_shares %}
        case when is_published then {{ part }}_hours end as {{ part }}_hours,
    {%- endfor %}
    published_selling_time_share as selling_time_share,
    case when is_published then recorded_share end as recorded_share,
    {%- for part in hours_after_shares %}
        case when is_published then {{ part }}_hours end as {{ part }}_hours,
    {%- endfor %}
    people,
    case
        when is_published or published_selling_time_share is not null then time_source
    end as time_source,
    not is_published as is_suppressed,
    period_label,
    is_running,
    elapsed_business_days

from rounded_shares
