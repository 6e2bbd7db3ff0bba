-- about: core.fct_opportunity_version
-- severity: warn
-- meaning: deals that an extract showed otherwise than their history tells; the extract
-- holds from its time on
-- advice: have the CRM track the fields that are missing, or export the history completely
with
    observed as (
        select opportunity_id, min(valid_from) as observed_since
        from {{ batch }}
        where known_by in ('field_history', 'stage_history')
        group by opportunity_id
    )
select
    versions.opportunity_id,
    min(versions.valid_from) as first_unobserved_change,
    count(*) as changes
from {{ batch }} as versions
inner join observed on versions.opportunity_id = observed.opportunity_id
where
    versions.known_by = 'extract'
    and not versions.is_excluded
    and versions.valid_from > observed.observed_since
group by versions.opportunity_id
