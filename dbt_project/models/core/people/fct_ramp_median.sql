{{ kaplan_meier_median(
    ref('int_ramp_durations'),
    keys=['period_grain', 'period_start', 'level', 'member_id', 'basis'],
    duration='observed_days',
    has_event='is_ramped',
    subjects='reps',
    median='median_days_to_ramp'
) }}
