{%- set carried = [
    'opportunity_version_key', 'opportunity_id', 'episode', 'account_id', 'sales_rep_id', 'product_id', 'territory_id',
    'has_own_territory', 'lead_source', 'stage_id', 'forecast_category', 'currency_code', 'amount',
    'weighted_amount', 'amount_source', 'has_creation_date', 'expected_close_date', 'is_closed',
    'is_won', 'is_excluded', 'known_by', 'has_reported_time',
] %}
with

    late_changes as (

        select
            opportunity_id,
            min(valid_from_date) as first_valid_from_date,
            max(valid_to_date) as last_valid_to_date,
            max(first_known_date) as last_known_date

        from {{ ref('fct_opportunity_version') }}
        where is_recorded_late
        group by opportunity_id

    ),

    -- Frozen periods of which something was recorded only after the freeze. What a period shows
    -- reaches back to the pipeline from which it was forecast, and on to its freeze: a stay that
    -- ended by then has ended.
    changed_periods as (

        select
            late_changes.opportunity_id,
            periods.period_grain,
            periods.period_start,
            periods.frozen_date

        from late_changes
        inner join
            {{ ref('dim_period') }} as periods
            on late_changes.last_known_date > periods.frozen_date
            and late_changes.first_valid_from_date <= periods.frozen_date
            and late_changes.last_valid_to_date >= case
                -- Nobody forecasts a week.
                when periods.period_grain = 'week'
                then periods.period_start
                else
                    least(
                        periods.period_start,
                        {{ plus_days('periods.period_end', -(forecast_horizons() | max)) }}
                    )
            end
        where periods.is_frozen

    ),

    versions_now as (

        select
            changed_periods.period_grain as frozen_grain,
            changed_periods.period_start as frozen_start,
            {%- for column in carried %} versions.{{ column }}, {%- endfor %}
            versions.valid_from_date,
            versions.valid_to_date,
            versions.is_shown_late,
            versions.valid_from,
            versions.valid_to,
            case
                when versions.first_known_date > changed_periods.frozen_date then 0 else 1
            end as is_known_at_freeze

        from {{ ref('fct_opportunity_version') }} as versions
        inner join changed_periods on versions.opportunity_id = changed_periods.opportunity_id

    ),

    numbered_versions as (

        select
            *,
            first_value(valid_from) over until_then as begins_at,
            first_value(valid_from_date) over until_then as begins_date,
            sum(is_known_at_freeze) over until_then as known_before,
            lead(is_known_at_freeze) over deal as next_is_known

        from versions_now
        window
            deal as (
                partition by opportunity_id, frozen_grain, frozen_start
                order by valid_from, valid_to
            ),
            until_then as (
                partition by opportunity_id, frozen_grain, frozen_start
                order by valid_from, valid_to
                rows between unbounded preceding and current row
            )

    ),

    -- Where the beginning of a deal was put right, extracts had shown what it was put right to.
    versions_then as (

        select
            *,
            case when is_known_at_freeze = 1 then valid_from else begins_at end as known_from,
            case
                when is_known_at_freeze = 1 then valid_from_date else begins_date
            end as known_from_date

        from numbered_versions
        where
            is_known_at_freeze = 1
            or (known_before = 0 and coalesce(next_is_known, 1) = 1 and not is_shown_late)

    )

select
    -1 as sign,
    frozen_grain,
    frozen_start,
    {%- for column in carried %} {{ column }}, {%- endfor %}
    valid_from,
    valid_from_date,
    valid_to_date

from versions_now

union all

-- A state holds until the next one that was known then.
select
    1 as sign,
    frozen_grain,
    frozen_start,
    {%- for column in carried %} {{ column }}, {%- endfor %}
    known_from as valid_from,
    known_from_date as valid_from_date,
    coalesce(
        lead(known_from_date) over (
            partition by opportunity_id, frozen_grain, frozen_start order by valid_from, valid_to
        ),
        {{ open_end_date() }}
    ) as valid_to_date

from versions_then
