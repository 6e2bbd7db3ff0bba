with

    products as (

        select
            product_id,
            product_name,
            product_family,
            list_price,
            currency_code,
            is_active,
            is_vanished

        from {{ ref('stg_crm__products_history') }}
        where is_current

    )

select
    products.product_id,
    products.product_name,
    products.product_family,
    products.list_price,
    coalesce(products.currency_code, settings.reporting_currency) as currency_code,
    coalesce(products.is_active, true) and not products.is_vanished as is_active

from products
cross join {{ ref('stg_company__settings') }} as settings

union all

select
    'unknown' as product_id,
    'Unknown' as product_name,
    cast(null as string) as product_family,
    cast(null as decimal(18, 2)) as list_price,
    cast(null as string) as currency_code,
    cast(null as boolean) as is_active
