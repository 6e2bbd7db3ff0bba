select
    spifs.spif_id,
    spifs.spif_name,
    spifs.plan_id,
    spifs.product_id,
    spifs.minimum_value,
    spifs.spif_amount,
    coalesce(spifs.currency_code, settings.reporting_currency) as currency_code,
    spifs.effective_from as valid_from_date,
    coalesce(spifs.effective_to, {{ open_end_date() }}) as valid_to_date

from {{ ref('stg_payroll__spifs') }} as spifs
cross join {{ ref('stg_company__settings') }} as settings
