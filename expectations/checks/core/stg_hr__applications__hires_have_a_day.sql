-- about: staging.stg_hr__applications
-- severity: warn
-- meaning: statuses of applications that ended in a hire on no day; they are missing in
-- hires and in the time to hire
-- advice: enter the day of the decision, or land the accepted offer in offers
select application_status, count(*) as applications
from {{ batch }}
where
    application_status = 'hired'
    and decided_on is null
    and application_id not in (
        select application_id from warehouse.staging.stg_hr__offers where offer_status = 'accepted'
    )
group by application_status
