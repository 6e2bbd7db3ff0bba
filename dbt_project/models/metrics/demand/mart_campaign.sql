{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{#- No campaign was paid for what nothing touched: the company's cost is divided by what was brought. -#}
{%- set touched = "case when facts.campaign_id <> 'untouched' then " -%}
{%- set measures = {
    'cost_value': money_sum('facts.cost_value'),
    'members': 'sum(facts.members)',
    'responses': 'sum(facts.responses)',
    'touches': 'sum(facts.touches)',
    'leads': 'sum(facts.leads)',
    'opportunities': 'sum(facts.opportunities)',
    'won_deals': 'sum(facts.won_deals)',
    'pipeline_value': money_sum('facts.pipeline_value'),
    'won_value': money_sum('facts.won_value'),
    'touched_leads': 'sum(' ~ touched ~ 'facts.leads else 0 end)',
    'touched_opportunities': 'sum(' ~ touched ~ 'facts.opportunities else 0 end)',
    'touched_won_deals': 'sum(' ~ touched ~ 'facts.won_deals else 0 end)',
    'touched_won_value': money_sum(touched ~ 'facts.won_value else 0 end'),
} %}
with

    by_member as (

        {{ rolled_up(
            ref('fct_campaign_result'), 'date_day', measures, levels=campaign_levels(),
            keys=['attribution_model', 'is_default_model']
        ) }}

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    case
        when by_member.level = 'company'
        then 'All'
        else coalesce(campaigns.campaign_name, by_member.member_id)
    end as member_name,
    by_member.basis,
    by_member.attribution_model,

    by_member.cost_value,
    cast(by_member.members as bigint) as members,
    cast(by_member.responses as bigint) as responses,
    cast(by_member.leads as bigint) as leads,
    cast(by_member.opportunities as decimal(18, 6)) as opportunities,
    by_member.pipeline_value,
    by_member.won_value,
    {{ ratio('by_member.cost_value', 'by_member.members') }} as cost_per_member,
    {{ ratio('by_member.cost_value', 'by_member.responses') }} as cost_per_response,
    {{ ratio('by_member.cost_value', 'by_member.touched_leads') }} as cost_per_lead,
    {{ ratio('by_member.cost_value', 'by_member.touched_opportunities') }} as cost_per_opportunity,
    {{ ratio('by_member.cost_value', 'by_member.touched_won_deals') }} as cost_per_won_deal,
    {{ ratio('by_member.touched_won_value - by_member.cost_value', 'by_member.cost_value') }}
    as return_ratio,
    cast(by_member.touched_won_value - by_member.cost_value as decimal(18, 2)) as return_value,
    cast(by_member.touches as bigint) as touches,
    cast(by_member.won_deals as decimal(18, 6)) as won_deals,
    cast(by_member.touched_leads as bigint) as touched_leads,
    cast(by_member.touched_opportunities as decimal(18, 6)) as touched_opportunities,
    cast(by_member.touched_won_deals as decimal(18, 6)) as touched_won_deals,
    by_member.is_default_model,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
left join
    {{ ref('dim_campaign') }} as campaigns
    on by_member.level = 'campaign'
    and by_member.member_id = campaigns.campaign_id
    and campaigns.is_current
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start
