{%- set faults = {
    'missing_amount': {'field': 'amount', 'when': "amount_source = 'none'"},
    'missing_close_date': {'field': 'expected_close_date', 'when': 'expected_close_date is null'},
    'overdue': {'field': 'expected_close_date', 'when': 'expected_close_date < as_of_date'},
    'missing_next_step': {'field': 'next_step', 'when': 'next_step_date is null and plans_activities'},
    'missing_contact': {'field': 'contact', 'when': 'number_of_contacts = 0'},
    'skipped_stage': {'field': 'stage_id', 'when': 'skipped_stages > 0'},
    'duplicate': {'field': 'opportunity_id', 'when': 'deals_of_date > 1 or deals_of_name > 1'},
} %}
with

    skipped_stages as (

        select opportunity_id, count(*) as skipped_stages

        from {{ ref('fct_stage_outcome') }}
        where outcome = 'skipped'
        group by opportunity_id

    ),

    -- A company whose CRM plans nothing is not told that all of its deals lack a next step.
    planning as (

        select coalesce(sum(1), 0) > 0 as plans_activities

        from {{ ref('fct_activity') }}
        where progress in ('planned', 'overdue')

    ),

    open_deals as (

        select
            deals.*,
            warehouse.as_of_date,
            planning.plans_activities,
            progress.next_step_date,
            progress.number_of_contacts,
            coalesce(skipped_stages.skipped_stages, 0) as skipped_stages,
            {{ normalised_text('deals.opportunity_name') }} as normalised_name,
            -- Of what is not known, nobody can say whether it is the same.
            deals.account_id <> 'unknown' and deals.amount is not null as is_comparable

        from {{ ref('fct_opportunity') }} as deals
        cross join {{ ref('dim_as_of') }} as warehouse
        cross join planning
        left join
            {{ ref('fct_opportunity_progress') }} as progress
            on deals.opportunity_id = progress.opportunity_id
        left join skipped_stages on deals.opportunity_id = skipped_stages.opportunity_id
        where deals.is_last_episode and not deals.is_closed and not deals.is_excluded

    ),

    compared_deals as (

        select
            *,
            case
                when is_comparable and expected_close_date is not null
                then
                    count(*) over (
                        partition by account_id, currency_code, amount, expected_close_date
                    )
            end as deals_of_date,
            case
                when is_comparable and normalised_name <> ''
                then count(*) over (partition by account_id, currency_code, amount, normalised_name)
            end as deals_of_name

        from open_deals

    ),

    faults as (

        {%- for fault, declared in faults.items() %}
            select *, '{{ declared.field }}' as field_name, '{{ fault }}' as fault

            from compared_deals
            where {{ declared.when }} {{ 'union all' if not loop.last }}
        {%- endfor %}

    )

select
    field_name,
    fault,
    opportunity_id,
    opportunity_name,
    sales_rep_id,
    team_id,
    branch_id,
    territory_id,
    account_id,
    opportunity_value

from faults
