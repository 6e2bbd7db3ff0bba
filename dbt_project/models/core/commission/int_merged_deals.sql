with

    -- Many systems delete what was merged, so deals that vanished are followed too.
    followed_once as (

        select opportunity_id, merged_into_id as surviving_id

        from {{ ref('stg_crm__opportunities_history') }}
        where is_current and merged_into_id <> opportunity_id

    ),
    -- Each round follows twice as many merges as the one before, so that six follow 64.
    {%- set rounds = ['once', 'twice', 'to_4', 'to_8', 'to_16', 'to_32', 'to_64'] %}
    {%- for before, round in zip(rounds, rounds[1:]) %}

        followed_{{ round }} as (

            select
                deals.opportunity_id,
                coalesce(survivors.surviving_id, deals.surviving_id) as surviving_id

            from followed_{{ before }} as deals
            left join
                followed_{{ before }} as survivors on deals.surviving_id = survivors.opportunity_id

        ){{ ',' if not loop.last }}
    {%- endfor %}

-- Deals that were merged into each other in a ring lead nowhere: each stands for itself.
select deals.opportunity_id, deals.surviving_id

from followed_to_64 as deals
left join followed_once as further on deals.surviving_id = further.opportunity_id
where further.opportunity_id is null
