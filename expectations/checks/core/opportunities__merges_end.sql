-- about: crm.opportunities
-- severity: warn
-- meaning: deals that were merged into each other in a ring; none of them counts
-- advice: take the mark of being merged off the deal that is to stay
with recursive
    newest as (
        select
            opportunity_id,
            arg_max(_op, _extract_id) as op,
            arg_max(coalesce(merged_into_id, ''), _extract_id) as merged_into_id
        from raw.crm.opportunities
        where
            opportunity_id
            in (select opportunity_id from raw.crm.opportunities where merged_into_id is not null)
        group by opportunity_id
    ),
    merges as (
        select opportunity_id, merged_into_id
        from newest
        where op = 'upsert' and merged_into_id not in ('', opportunity_id)
    ),
    followed(opportunity_id, survivor_id) as (
        select opportunity_id, merged_into_id
        from merges
        union
        select followed.opportunity_id, merges.merged_into_id
        from followed
        inner join merges on followed.survivor_id = merges.opportunity_id
    )
select opportunity_id
from followed
where opportunity_id = survivor_id and opportunity_id in (select opportunity_id from {{ batch }})
