with

    accounts as (

        select
            account_id,
            account_name,
            industry,
            segment,
            country,
            owner_id,
            territory_id,
            parent_account_id,
            annual_revenue,
            employee_count,
            version_number,
            valid_from,
            valid_to,
            is_current

        from {{ ref('stg_crm__accounts_history') }}

    ),

    versions as (

        select
            accounts.account_id,
            accounts.account_name,
            accounts.industry,
            {{ or_unknown('accounts.segment') }} as segment,
            accounts.country,
            accounts.owner_id,
            {{ or_unknown('territories.territory_id') }} as territory_id,
            accounts.parent_account_id,
            accounts.annual_revenue,
            accounts.employee_count,
            accounts.version_number,
            accounts.is_current,
            {{ validity('accounts', 'settings.time_zone') }}

        from accounts
        cross join {{ ref('stg_company__settings') }} as settings
        left join
            {{ ref('dim_territory') }} as territories
            on accounts.territory_id = territories.territory_id

    )

select
    {{ surrogate_key('account_id', ['version_number']) }} as account_key,
    account_id,
    account_name,
    industry,
    segment,
    country,
    owner_id,
    territory_id,
    parent_account_id,
    annual_revenue,
    employee_count,
    valid_from,
    valid_to,
    valid_from_date,
    valid_to_date,
    is_current

from versions

union all

select
    'unknown' as account_key,
    'unknown' as account_id,
    'Unknown' as account_name,
    cast(null as string) as industry,
    'unknown' as segment,
    cast(null as string) as country,
    cast(null as string) as owner_id,
    'unknown' as territory_id,
    cast(null as string) as parent_account_id,
    cast(null as decimal(18, 2)) as annual_revenue,
    cast(null as bigint) as employee_count,
    {{ open_start() }} as valid_from,
    {{ open_end() }} as valid_to,
    {{ open_start_date() }} as valid_from_date,
    {{ open_end_date() }} as valid_to_date,
    true as is_current
