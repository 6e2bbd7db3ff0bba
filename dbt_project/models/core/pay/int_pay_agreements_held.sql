{{ config(materialized='view') }}

with

    agreements as (

        select
            *,
            coalesce(pay_basis, 'year') as known_pay_basis,
            {{ effective_to_date('worker_id, component', tie_breaker='compensation_id') }}
            as ends_by_date

        from {{ ref('stg_hr__compensation') }}

    )

select
    agreements.compensation_id,
    people.person_id,
    agreements.component,
    agreements.pay_amount,
    agreements.known_pay_basis as pay_basis,
    coalesce(agreements.currency_code, settings.reporting_currency) as currency_code,
    agreements.effective_from as valid_from_date,
    least(
        agreements.ends_by_date,
        coalesce({{ plus_days('workers.exited_on', 1) }}, {{ open_end_date() }})
    ) as valid_to_date

from agreements
cross join {{ ref('stg_company__settings') }} as settings
inner join
    {{ ref('bridge_person') }} as people
    on people.system_name = 'hr'
    and agreements.worker_id = people.system_person_id
left join {{ ref('stg_hr__workers') }} as workers on agreements.worker_id = workers.worker_id
