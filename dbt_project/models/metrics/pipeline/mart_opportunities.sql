with

    opportunities as (select * from {{ ref('fct_opportunity') }} where is_last_episode),

    -- The day a deal came to be that nobody wrote down: when its first episode began.
    first_episodes as (

        select opportunity_id, opened_date

        from {{ ref('fct_opportunity') }}
        where episode = 1 and created_date is null

    ),

    dated_opportunities as (

        select
            opportunities.*,
            warehouse.as_of_date,
            coalesce(
                opportunities.created_date, first_episodes.opened_date, opportunities.opened_date
            ) as known_created_date

        from opportunities
        cross join {{ ref('dim_as_of') }} as warehouse
        left join first_episodes on opportunities.opportunity_id = first_episodes.opportunity_id

    ),

    faults_by_deal as (

        select opportunity_id, {{ joined_text('fault') }} as faults

        from {{ ref('fct_deal_fault') }}
        group by opportunity_id

    ),

    current_accounts as (

        select account_id, account_name, industry, country

        from {{ ref('dim_account') }}
        where is_current

    )

select
    deals.opportunity_id,
    deals.opportunity_name,
    case when deals.is_won then 'won' when deals.is_lost then 'lost' else 'open' end as outcome,

    deals.account_id,
    accounts.account_name,
    accounts.industry,
    accounts.country as account_country,
    deals.segment,
    deals.sales_rep_id,
    reps.member_name as sales_rep_name,
    deals.team_id,
    teams.member_name as team_name,
    deals.branch_id,
    branches.member_name as branch_name,
    deals.territory_id,
    territories.member_name as territory_name,
    deals.product_id,
    products.product_name,
    products.product_family,
    deals.stage_id,
    stages.member_name as stage_name,
    deals.forecast_category,
    deals.lead_source,
    deals.deal_type,
    deals.loss_reason,
    deals.competitor,

    deals.currency_code,
    deals.amount,
    deals.amount_source,
    deals.exchange_rate,
    deals.opportunity_value,
    deals.probability,
    case when not deals.is_closed then deals.weighted_value end as weighted_value,

    deals.known_created_date as created_date,
    deals.opened_date,
    deals.expected_close_date,
    deals.closed_date,
    deals.cycle_days,
    deals.active_days,
    case
        when not deals.is_closed
        then {{ days_between('deals.known_created_date', 'deals.as_of_date') }}
    end as age_days,

    deals.episode,
    deals.is_closed,
    deals.is_won,
    deals.is_lost,
    not deals.is_closed
    and coalesce(deals.expected_close_date < deals.as_of_date, false) as is_overdue,
    deals.is_reopened,
    deals.is_excluded,
    deals.exclusion_reason,
    deals.created_date is not null as has_creation_date,
    deals.has_close_before_creation,
    deals.source_system,

    progress.last_activity_date,
    progress.days_since_last_activity,
    progress.activities,
    progress.overdue_activities,
    progress.next_step_date,
    progress.days_in_stage,
    progress.pushes,
    faults.faults,
    progress.number_of_contacts

from dated_opportunities as deals
left join
    {{ ref('fct_opportunity_progress') }} as progress
    on deals.opportunity_id = progress.opportunity_id
left join faults_by_deal as faults on deals.opportunity_id = faults.opportunity_id
left join current_accounts as accounts on deals.account_id = accounts.account_id
left join {{ ref('dim_product') }} as products on deals.product_id = products.product_id
left join
    {{ ref('dim_member') }} as reps on reps.level = 'rep' and deals.sales_rep_id = reps.member_id
left join
    {{ ref('dim_member') }} as teams on teams.level = 'team' and deals.team_id = teams.member_id
left join
    {{ ref('dim_member') }} as branches
    on branches.level = 'branch'
    and deals.branch_id = branches.member_id
left join
    {{ ref('dim_member') }} as territories
    on territories.level = 'territory'
    and deals.territory_id = territories.member_id
left join
    {{ ref('dim_member') }} as stages
    on stages.level = 'stage'
    and deals.stage_id = stages.member_id
