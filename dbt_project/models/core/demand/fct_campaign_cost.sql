with

    settings as (select time_zone, reporting_currency from {{ ref('stg_company__settings') }}),

    -- A campaign that was deleted has cost what it cost, as what it brought still counts.
    campaigns as (select * from {{ ref('stg_crm__campaigns_history') }} where is_current),

    daily_costs as (select * from {{ ref('stg_crm__campaign_costs') }}),

    campaigns_by_day as (select distinct campaign_id from daily_costs),

    costs as (

        select
            'day#' || costs.campaign_cost_id as cost_key,
            'by_day' as cost_source,
            campaigns.campaign_id,
            costs.cost_date,
            coalesce(costs.currency_code, campaigns.currency_code) as currency_code,
            costs.cost_amount,
            costs.impressions,
            costs.clicks

        from daily_costs as costs
        left join campaigns on costs.campaign_id = campaigns.campaign_id

        union all

        -- Of a cost in all nobody knows the days: it counts on the day on which the campaign began.
        select
            'campaign#' || campaigns.campaign_id as cost_key,
            'in_all' as cost_source,
            campaigns.campaign_id,
            coalesce(
                campaigns.start_date,
                {{ business_date('campaigns.created_at', 'settings.time_zone') }},
                campaigns.end_date
            ) as cost_date,
            campaigns.currency_code,
            campaigns.actual_cost_amount as cost_amount,
            cast(null as bigint) as impressions,
            cast(null as bigint) as clicks

        from campaigns
        cross join settings
        left join campaigns_by_day on campaigns.campaign_id = campaigns_by_day.campaign_id
        where campaigns.actual_cost_amount <> 0 and campaigns_by_day.campaign_id is null

    )

select
    costs.cost_key,
    costs.cost_source,
    {{ or_unknown('costs.campaign_id') }} as campaign_id,
    costs.cost_date,
    coalesce(costs.currency_code, settings.reporting_currency) as currency_code,
    costs.currency_code is null as is_currency_missing,
    costs.cost_amount,
    rates.exchange_rate,
    rates.exchange_rate_date,
    {{ converted('costs.cost_amount', 'rates.exchange_rate') }} as cost_value,
    costs.impressions,
    costs.clicks

from costs
cross join settings
-- Of a day that lies ahead there is no rate yet.
cross join {{ ref('dim_as_of') }} as warehouse
left join
    {{ ref('fct_exchange_rate_held') }} as rates
    on coalesce(costs.currency_code, settings.reporting_currency) = rates.currency_code
    and case
        when costs.cost_date > warehouse.as_of_date then warehouse.as_of_date else costs.cost_date
    end
    = rates.rate_date
