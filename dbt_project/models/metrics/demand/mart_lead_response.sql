{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set measures = {
    'leads': 'count(*)',
    'responded_leads': 'sum(case when facts.is_responded then 1 else 0 end)',
    'timed_leads': 'sum(case when facts.is_timed then 1 else 0 end)',
    'timed_responses': 'count(facts.first_response_seconds)',
    'first_response_minutes': 'coalesce(sum(facts.first_response_minutes), 0)',
    'median_and_p90_seconds': quantiles('facts.first_response_seconds', [0.5, 0.9], 'bigint'),
    'first_response_business_minutes': 'coalesce(sum(facts.first_response_business_minutes), 0)',
    'median_and_p90_business_seconds':
        quantiles('facts.first_response_business_seconds', [0.5, 0.9], 'bigint'),
    'within_sla_leads': 'sum(case when facts.is_within_sla then 1 else 0 end)',
    'positive_responses': 'sum(case when facts.has_positive_response then 1 else 0 end)',
    'timed_positive_responses': 'count(facts.days_to_positive_response)',
    'positive_response_days': 'coalesce(sum(facts.days_to_positive_response), 0)',
    'median_positive_days': quantiles('facts.days_to_positive_response', [0.5], 'double'),
} %}
with

    by_member as (

        {{ rolled_up_by(
            ref('fct_lead_creation'), ['period_grain', 'period_start', 'period_end'], measures,
            levels=lead_levels(), managers_on='created_date'
        ) }}

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,

    cast(by_member.leads as bigint) as leads,
    cast(by_member.responded_leads as bigint) as responded_leads,
    cast(by_member.leads - by_member.responded_leads as bigint) as untouched_leads,
    {{ ratio('by_member.first_response_minutes', 'by_member.timed_responses') }}
    as mean_first_response_minutes,
    {{ nth_quantile('by_member.median_and_p90_seconds', 1) }} / 60 as median_first_response_minutes,
    {{ nth_quantile('by_member.median_and_p90_seconds', 2) }} / 60 as p90_first_response_minutes,
    {{ ratio('by_member.first_response_business_minutes', 'by_member.timed_responses') }}
    as mean_first_response_business_minutes,
    {{ nth_quantile('by_member.median_and_p90_business_seconds', 1) }}
    / 60 as median_first_response_business_minutes,
    {{ nth_quantile('by_member.median_and_p90_business_seconds', 2) }}
    / 60 as p90_first_response_business_minutes,
    cast(by_member.within_sla_leads as bigint) as within_sla_leads,
    {{ ratio('by_member.within_sla_leads', 'by_member.timed_leads') }} as sla_share,
    cast(by_member.positive_responses as bigint) as positive_responses,
    {{ ratio('by_member.positive_responses', 'by_member.leads') }} as positive_response_rate,
    {{ ratio('by_member.positive_response_days', 'by_member.timed_positive_responses') }}
    as mean_days_to_positive_response,
    {{ nth_quantile('by_member.median_positive_days', 1) }} as median_days_to_positive_response,
    medians.median_seconds / 60 as kaplan_meier_median_first_response_minutes,
    cast(by_member.timed_leads as bigint) as timed_leads,
    cast(by_member.timed_responses as bigint) as timed_responses,
    cast(by_member.first_response_minutes as decimal(18, 6)) as first_response_minutes,
    cast(
        by_member.first_response_business_minutes as decimal(18, 6)
    ) as first_response_business_minutes,
    cast(by_member.timed_positive_responses as bigint) as timed_positive_responses,
    cast(by_member.positive_response_days as decimal(18, 6)) as positive_response_days,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
left join
    {{ ref('fct_lead_response_median') }} as medians
    on by_member.basis = medians.basis
    and by_member.period_grain = medians.period_grain
    and by_member.period_start = medians.period_start
    and by_member.level = medians.level
    and by_member.member_id = medians.member_id
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start
