-- about: core.fct_opportunity
-- severity: block
-- meaning: deals whose amount is not the one that the CRM sent last
-- advice: this is a defect of the models, not of the extracts; report it with these ids
with
    newest as (
        select
            opportunity_id,
            arg_max(_op, _extract_id) as op,
            arg_max(coalesce(cast(amount as varchar), ''), _extract_id) as amount
        from raw.crm.opportunities
        group by opportunity_id
    )
select fact.opportunity_id
from {{ batch }} as fact
inner join newest on fact.opportunity_id = newest.opportunity_id
where
    fact.is_last_episode
    and fact.amount_source = 'crm'
    and not fact.has_amount_from_before_closing
    and newest.op = 'upsert'
    and coalesce(cast(fact.amount as varchar), '') <> newest.amount
