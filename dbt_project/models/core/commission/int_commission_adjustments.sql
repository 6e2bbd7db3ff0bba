{{ config(materialized='view') }}

select
    adjustments.adjustment_id,
    people.person_id,
    coalesce(merged_deals.surviving_id, adjustments.opportunity_id) as opportunity_id,
    adjustments.adjustment_amount,
    coalesce(adjustments.currency_code, settings.reporting_currency) as currency_code,
    adjustments.approved_on

from {{ ref('stg_payroll__commission_adjustments') }} as adjustments
left join
    {{ ref('int_merged_deals') }} as merged_deals
    on adjustments.opportunity_id = merged_deals.opportunity_id
inner join
    {{ ref('bridge_person') }} as people
    on people.system_name = 'payroll'
    and adjustments.employee_id = people.system_person_id
cross join {{ ref('stg_company__settings') }} as settings
cross join {{ ref('dim_as_of') }} as warehouse
where adjustments.approved_on <= warehouse.as_of_date
