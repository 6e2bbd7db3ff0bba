{{ config(materialized='view') }}
{#- Deep enough for any plan of campaigns; a longer ring would not be found. -#}
{%- set levels = 8 -%}

with

    -- As it was last known of a campaign that was deleted.
    campaigns as (

        select campaign_id, parent_campaign_id
        from {{ ref('stg_crm__campaigns_history') }}
        where is_current

    )

select
    campaigns.campaign_id,
    campaigns.parent_campaign_id,
    case
        when
            {%- for level in range(1, levels + 1) %}
                coalesce(ancestor_{{ level }}.campaign_id = campaigns.campaign_id, false)
                {{ 'or' if not loop.last }}
            {%- endfor %}
        then 'own_ancestor'
        when ancestor_1.campaign_id is null
        then 'unknown_parent'
    end as problem

from campaigns
{%- for level in range(1, levels + 1) %}
        {%- set child = 'campaigns' if level == 1 else 'ancestor_' ~ (level - 1) %}
    left join
        campaigns as ancestor_{{ level }}
        on {{ child }}.parent_campaign_id = ancestor_{{ level }}.campaign_id
{%- endfor %}
where campaigns.parent_campaign_id is not null
