-- about: staging.stg_landing__extracts
-- severity: warn
-- meaning: sources whose newest extract is much older than another's; numbers that need both
-- stand still
-- advice: look why its extracts stopped, or raise max_lag_days in company.yml where they
-- come less often
with
    newest as (
        select source, cast(max(extracted_at) as date) as newest_day
        from {{ batch }}
        group by source
    ),
    lags as (
        select source, newest_day, date_diff('day', newest_day, max(newest_day) over ()) as lag_days
        from newest
    )
select source, newest_day, lag_days
from lags
where lag_days > (select max_lag_days from warehouse.staging.stg_company__settings)
