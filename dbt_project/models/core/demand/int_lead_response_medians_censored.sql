{{ config(materialized='view') }}
{{ kaplan_meier_median(
    ref('int_lead_response_durations'),
    keys=['basis', 'period_grain', 'period_start', 'level', 'member_id'],
    duration='observed_seconds',
    has_event='is_responded',
    subjects='leads',
    median='median_seconds'
) }}
