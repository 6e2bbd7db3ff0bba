select
    gaps.gap,
    gaps.system_name,
    gaps.system_person_id,
    gaps.person_id,
    accounts.person_name,
    accounts.matched_by,
    gaps.suggested_person_id

from {{ ref('fct_identity_gap') }} as gaps
inner join
    {{ ref('bridge_person') }} as accounts
    on gaps.system_name = accounts.system_name
    and gaps.system_person_id = accounts.system_person_id
