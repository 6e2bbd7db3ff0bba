with

    settings as (select reporting_currency from {{ ref('stg_company__settings') }}),

    reps as (select sales_rep_id from {{ ref('dim_sales_rep') }} where is_current),

    -- A target is for one rep, team or territory; of several named, the narrowest holds. A
    -- manager's that rolls up those of reps stands apart: added to theirs it would count them
    -- twice.
    assigned_quotas as (

        select
            quotas.quota_id,
            case
                when quotas.user_id is not null and quotas.quota_kind = 'roll_up'
                then 'manager'
                when quotas.user_id is not null
                then 'rep'
                when quotas.team_id is not null
                then 'team'
                when quotas.territory_id is not null
                then 'territory'
                else 'nobody'
            end as level,
            coalesce(
                reps.sales_rep_id, teams.team_id, territories.territory_id, 'unknown'
            ) as member_id,
            quotas.period_grain,
            quotas.period_start,
            {{ period_around('quotas.period_grain', 'calendar', 'end') }} as period_end,
            coalesce(
                quotas.period_start
                = {{ period_around('quotas.period_grain', 'calendar', 'start') }},
                false
            ) as is_in_calendar,
            case
                when quotas.user_id is null and quotas.quota_kind = 'roll_up'
                then 'full'
                else coalesce(quotas.quota_kind, 'full')
            end as quota_kind,
            coalesce(quotas.version, 0) as version,
            quotas.amount,
            coalesce(quotas.currency_code, settings.reporting_currency) as currency_code,
            quotas.source_system

        from {{ ref('stg_crm__quotas') }} as quotas
        cross join settings
        left join {{ ref('dim_date') }} as calendar on quotas.period_start = calendar.date_day
        left join reps on quotas.user_id = reps.sales_rep_id
        left join
            {{ ref('dim_team') }} as teams
            on quotas.user_id is null
            and quotas.team_id = teams.team_id
        left join
            {{ ref('dim_territory') }} as territories
            on quotas.user_id is null
            and quotas.team_id is null
            and quotas.territory_id = territories.territory_id

    ),

    converted_quotas as (

        select
            quotas.*,
            rates.exchange_rate,
            rates.exchange_rate_date,
            quotas.member_id <> 'unknown'
            and quotas.is_in_calendar
            and rates.exchange_rate is not null as can_count

        from assigned_quotas as quotas
        left join
            {{ ref('int_fx_rates_daily') }} as rates
            on quotas.currency_code = rates.currency_code
            and quotas.period_start = rates.rate_date

    ),

    -- Of two targets for the same member, period, kind and version nobody can say which one holds:
    -- of those that can count the greater id is taken, and they are reported. The newest version
    -- holds even where it cannot count: an older one is no target any more.
    ranked_quotas as (

        select
            *,
            row_number() over (
                partition by level, member_id, period_grain, period_start, quota_kind
                order by version desc, can_count desc, length(quota_id) desc, quota_id desc
            ) as rank,
            count(case when can_count then 1 end) over (
                partition by level, member_id, period_grain, period_start, quota_kind, version
            ) as quotas_of_version

        from converted_quotas

    )

select
    quota_id,
    source_system,
    level,
    member_id,
    period_grain,
    period_start,
    period_end,
    quota_kind,
    version,
    amount,
    currency_code,
    exchange_rate,
    exchange_rate_date,
    {{ converted('amount', 'exchange_rate') }} as quota_value,
    case
        when member_id = 'unknown'
        then 'unknown_member'
        when not is_in_calendar
        then 'no_such_period'
        when exchange_rate is null
        then 'no_exchange_rate'
        when quotas_of_version > 1
        then 'overlap'
    end as problem,
    can_count and rank = 1 as is_in_force

from ranked_quotas
