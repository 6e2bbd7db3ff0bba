with

    campaigns as (select * from {{ ref('stg_crm__campaigns_history') }}),

    parents as (

        select campaign_id, parent_campaign_id

        from {{ ref('int_campaign_parents') }}
        where problem = 'own_ancestor'

    ),

    versions as (

        select
            campaigns.campaign_id,
            coalesce(campaigns.campaign_name, campaigns.campaign_id) as campaign_name,
            -- Who follows a ring of parents never arrives.
            case
                when parents.campaign_id is null then campaigns.parent_campaign_id
            end as parent_campaign_id,
            {{ or_unknown('campaigns.channel') }} as channel,
            campaigns.campaign_status,
            campaigns.owner_id,
            campaigns.start_date,
            campaigns.end_date,
            coalesce(campaigns.currency_code, settings.reporting_currency) as currency_code,
            campaigns.budget_amount,
            campaigns.actual_cost_amount,
            campaigns.is_active,
            campaigns.is_vanished or coalesce(campaigns.is_deleted, false) as is_deleted,
            campaigns.version_number,
            campaigns.is_current,
            {{ validity('campaigns', 'settings.time_zone') }}

        from campaigns
        cross join {{ ref('stg_company__settings') }} as settings
        left join
            parents
            on campaigns.campaign_id = parents.campaign_id
            and campaigns.parent_campaign_id = parents.parent_campaign_id

    )

select
    {{ surrogate_key('campaign_id', ['version_number']) }} as campaign_key,
    campaign_id,
    campaign_name,
    parent_campaign_id,
    channel,
    campaign_status,
    owner_id,
    start_date,
    end_date,
    currency_code,
    budget_amount,
    actual_cost_amount,
    is_active,
    is_deleted,
    valid_from,
    valid_to,
    valid_from_date,
    valid_to_date,
    is_current

from versions

{#- What belongs to no campaign that is known, and deals that nothing touched. -#}
{%- for id, name in {'unknown': 'Unknown', 'untouched': 'Untouched'}.items() %}

    union all

    select
        '{{ id }}' as campaign_key,
        '{{ id }}' as campaign_id,
        '{{ name }}' as campaign_name,
        cast(null as string) as parent_campaign_id,
        '{{ id }}' as channel,
        cast(null as string) as campaign_status,
        cast(null as string) as owner_id,
        cast(null as date) as start_date,
        cast(null as date) as end_date,
        cast(null as string) as currency_code,
        cast(null as decimal(18, 2)) as budget_amount,
        cast(null as decimal(18, 2)) as actual_cost_amount,
        cast(null as boolean) as is_active,
        false as is_deleted,
        {{ open_start() }} as valid_from,
        {{ open_end() }} as valid_to,
        {{ open_start_date() }} as valid_from_date,
        {{ open_end_date() }} as valid_to_date,
        true as is_current
{%- endfor %}
