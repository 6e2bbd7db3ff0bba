{%- set measures = {
    'cost_value': 'decimal(18, 2)',
    'members': 'bigint',
    'responses': 'bigint',
    'touches': 'bigint',
    'leads': 'bigint',
    'opportunities': 'decimal(18, 6)',
    'won_deals': 'decimal(18, 6)',
    'pipeline_value': 'decimal(18, 2)',
    'won_value': 'decimal(18, 2)',
} -%}
with

    touches as (select * from {{ ref('fct_campaign_touch') }}),

    marketing as (select count(*) > 0 as is_there from touches),

    -- The company's list may have none of the names that ours has: the first one stands for all.
    models as (

        select attribution_model, model_order = min(model_order) over () as is_default_model

        from {{ ref('stg_company__attribution_models') }}

    ),

    campaigns as (select * from {{ ref('dim_campaign') }} where is_current),

    lead_touches as (select lead_id, campaign_id, channel from touches where is_lead_source),

    -- Each on its own day: a cost when it arose, a response when it came, a lead when it was
    -- created.
    results as (

        select
            costs.cost_date as date_day,
            costs.campaign_id,
            campaigns.channel,
            'cost_value' as measure,
            costs.cost_value as measured

        from {{ ref('fct_campaign_cost') }} as costs
        inner join campaigns on costs.campaign_id = campaigns.campaign_id

        {%- for measure, condition in {
            'members': "touch_kind = 'member'",
            'responses': "touch_kind = 'response'",
            'touches': 'is_engagement',
        }.items() %}

            union all

            select
                touched_date as date_day,
                campaign_id,
                channel,
                '{{ measure }}' as measure,
                1 as measured

            from touches
            where {{ condition }}
        {%- endfor %}

        union all

        -- Without touches nobody can tell that a lead had none. Who answered a campaign before as
        -- another lead, and names it again, came by it.
        select
            leads.created_date as date_day,
            coalesce(
                lead_touches.campaign_id, own_campaigns.campaign_id, 'untouched'
            ) as campaign_id,
            coalesce(lead_touches.channel, own_campaigns.channel, 'untouched') as channel,
            'leads' as measure,
            1 as measured

        from {{ ref('fct_lead') }} as leads
        inner join marketing on marketing.is_there
        left join lead_touches on leads.lead_id = lead_touches.lead_id
        left join campaigns as own_campaigns on leads.campaign_id = own_campaigns.campaign_id

    ),

    results_by_day as (

        select
            date_day,
            campaign_id,
            channel,
            {%- for measure, type in measures.items() %}
                cast(
                    coalesce(
                        sum(case when measure = '{{ measure }}' then measured end), 0
                    ) as {{ type }}
                ) as {{ measure }}{{ ',' if not loop.last }}
            {%- endfor %}

        from results
        where date_day is not null
        group by date_day, campaign_id, channel

    ),

    -- What a campaign brought itself is the same by every model.
    all_results as (

        select models.attribution_model, results_by_day.*

        from results_by_day
        cross join models

        {%- for date_column, condition, share, value in [
            ('created_date', 'created_date is not null', 'opportunities', 'pipeline_value'),
            ('closed_date', 'is_closed and is_won', 'won_deals', 'won_value'),
        ] %}

            union all

            select
                attribution_model,
                {{ date_column }} as date_day,
                campaign_id,
                channel,
                {%- for measure, type in measures.items() %}
                    cast(
                        {{ 'attributed_share' if measure == share
                        else 'coalesce(attributed_value, 0)' if measure == value
                        else '0' }} as {{ type }}
                    ) as {{ measure }}{{ ',' if not loop.last }}
                {%- endfor %}

            from {{ ref('fct_attribution') }}
            where {{ condition }}
        {%- endfor %}

    )

select
    'restated' as basis,
    all_results.attribution_model,
    models.is_default_model,
    all_results.date_day,
    all_results.campaign_id,
    all_results.channel,
    {%- for measure, type in measures.items() %}
        cast(
            sum(all_results.{{ measure }}) as {{ type }}
        ) as {{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}

from all_results
inner join models on all_results.attribution_model = models.attribution_model
group by
    all_results.attribution_model,
    models.is_default_model,
    all_results.date_day,
    all_results.campaign_id,
    all_results.channel
