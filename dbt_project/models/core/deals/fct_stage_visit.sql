{{ stage_visits() }}
