-- about: core.fct_opportunity_version
-- severity: warn
-- meaning: deals that an extract showed otherwise than their history tells; the extract
-- holds from its time on
-- advice: have the CRM track the fields that are missing, or export the history completely
with
    told as (
        select opportunity_id, min(valid_from) as told_since
        from {{ batch }}
        where known_by in ('field_history', 'stage_history')
        group by opportunity_id
    )
select versions.opportunity_id, min(versions.valid_from) as first_untold_change, count(*) as changes
from {{ batch }} as versions
inner join told on versions.opportunity_id = told.opportunity_id
where
    versions.known_by = 'extract'
    and not versions.is_excluded
    and versions.valid_from > told.told_since
group by versions.opportunity_id
