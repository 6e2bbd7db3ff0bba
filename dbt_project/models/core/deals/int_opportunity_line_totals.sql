with

    lines as (

        select
            opportunity_id,
            -- DuckDB keeps a product of decimals of 18 digits in 18; see the macro converted.
            coalesce(
                line_amount, cast(quantity * cast(unit_price as decimal(19, 2)) as decimal(18, 2))
            ) as line_amount

        from {{ ref('stg_crm__opportunity_line_items') }}

    )

select opportunity_id, cast(sum(line_amount) as decimal(18, 2)) as line_items_amount

from lines
where line_amount is not null
group by opportunity_id
