with

lines as (

    select
        opportunity_id,
        coalesce(line_amount, cast(quantity * unit_price as decimal(18, 2))) as line_amount

    from {{ ref('stg_crm__opportunity_line_items') }}

)

select
    opportunity_id,
    cast(sum(line_amount) as decimal(18, 2)) as line_items_amount

from lines
where line_amount is not null
group by opportunity_id
