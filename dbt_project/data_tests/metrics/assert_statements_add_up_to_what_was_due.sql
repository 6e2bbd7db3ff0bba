{#
    Fails for each rep and deal (or plan period) whose statement does not add up to what was due: what
    was paid, less what was paid too much. If it fails, a row of commission is counted twice or not at all,
    or by another run than the one that the reconciliation goes by: look at int_commission_due_dates.
#}
with

    commission_statements as (

        select
            {{ reconciled_unit('entries') }} as unit_key,
            sum(
                case when entries.due_on is not null then entries.commission_value else 0 end
            ) as due_value,
            sum(
                case when entries.due_on is null then entries.commission_value else 0 end
            ) as pending_value

        from {{ ref('mart_commission_statement') }} as entries
        group by {{ reconciled_unit('entries') }}

    ),

    reconciled as (

        select *, {{ reconciled_unit('units') }} as unit_key

        from {{ ref('mart_commission_reconciliation') }} as units

    )

select
    coalesce(reconciled.unit_key, commission_statements.unit_key) as unit_key,
    commission_statements.due_value,
    commission_statements.pending_value,
    reconciled.calculated_value,
    reconciled.adjustment_value,
    reconciled.paid_value,
    reconciled.difference_value

from reconciled
full outer join commission_statements on reconciled.unit_key = commission_statements.unit_key
where
    reconciled.unit_key is null
    or coalesce(commission_statements.due_value, 0)
    <> reconciled.calculated_value + reconciled.adjustment_value
    or coalesce(commission_statements.pending_value, 0) <> reconciled.pending_value
    -- Where no plan is known, nothing is due.
    or coalesce(commission_statements.due_value, 0)
    <> coalesce(reconciled.paid_value - reconciled.difference_value, 0)
