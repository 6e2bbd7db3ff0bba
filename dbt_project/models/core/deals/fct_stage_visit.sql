{{ stage_visits(ref('fct_opportunity_version')) }}
