{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{#- The steps between which days are counted: from, to. -#}
{%- set ways = [
    ('created', 'responded'), ('created', 'accepted'), ('accepted', 'qualified'),
    ('qualified', 'converted'), ('converted', 'won'), ('created', 'won'),
] %}
{%- set measures = {
    'leads': 'count(*)',
    'won_value': money_sum('facts.won_value'),
} %}
{%- for step in [
    'responded', 'accepted', 'qualified', 'converted', 'disqualified', 'recycled', 'won',
] %}
    {%- do measures.update({step ~ '_leads': 'sum(case when facts.is_' ~ step ~ ' then 1 else 0 end)'}) %}
{%- endfor %}
{%- for start, end in ways %}
    {%- do measures.update({
        'median_' ~ start ~ '_to_' ~ end: quantiles('facts.days_' ~ start ~ '_to_' ~ end, [0.5])
    }) %}
{%- endfor %}
with

    -- A deal can be won before its lead is marked as converted.
    leads as (

        select
            *,
            {{ days_between('created_date', 'first_response_date') }} as days_created_to_responded,
            {{ days_between('created_date', 'accepted_date') }} as days_created_to_accepted,
            {{ days_between('accepted_date', 'qualified_date') }} as days_accepted_to_qualified,
            {{ days_between('qualified_date', 'converted_date') }} as days_qualified_to_converted,
            case
                when won_date >= converted_date
                then {{ days_between('converted_date', 'won_date') }}
            end as days_converted_to_won,
            {{ days_between('created_date', 'won_date') }} as days_created_to_won

        from {{ ref('fct_lead_creation') }}

    ),

    by_member as (

        {{ rolled_up_by(
            'leads', ['period_grain', 'period_start', 'period_end'], measures,
            levels=lead_funnel_levels(), managers_on='created_date'
        ) }}

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, campaigns.campaign_name, by_member.member_id) as member_name,
    by_member.basis,

    by_member.leads,
    cast(by_member.responded_leads as bigint) as responded_leads,
    cast(by_member.accepted_leads as bigint) as accepted_leads,
    cast(by_member.qualified_leads as bigint) as qualified_leads,
    cast(by_member.converted_leads as bigint) as converted_leads,
    cast(by_member.disqualified_leads as bigint) as disqualified_leads,
    cast(by_member.recycled_leads as bigint) as recycled_leads,
    cast(by_member.won_leads as bigint) as won_leads,
    by_member.won_value,
    {{ ratio('by_member.responded_leads', 'by_member.leads') }} as lead_response_rate,
    {{ ratio('by_member.accepted_leads', 'by_member.leads') }} as lead_acceptance_rate,
    {{ ratio('by_member.qualified_leads', 'by_member.accepted_leads') }} as lead_qualification_rate,
    {{ ratio('by_member.converted_leads', 'by_member.qualified_leads') }} as lead_conversion_rate,
    {{ ratio('by_member.won_leads', 'by_member.converted_leads') }} as lead_win_rate,
    {{ ratio('by_member.won_leads', 'by_member.leads') }} as won_lead_share,
    {{ ratio('by_member.disqualified_leads', 'by_member.leads') }} as lead_disqualification_rate,
    {%- for start, end in ways %}
        {{ nth_quantile('by_member.median_' ~ start ~ '_to_' ~ end, 1) }}
        as median_days_{{ start }}_to_{{ end }},
    {%- endfor %}
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_campaign') }} as campaigns
    on by_member.level = 'campaign'
    and by_member.member_id = campaigns.campaign_id
    and campaigns.is_current
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start
